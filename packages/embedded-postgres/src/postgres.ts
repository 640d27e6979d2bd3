import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { chooseAccount } from "./account.ts";
import {
  type Address,
  chooseAddress,
  type Connection,
  connectionTo,
  connectionUrl,
} from "./address.ts";
import { findBinaries } from "./binaries.ts";
import { prepareCluster } from "./cluster.ts";
import { PostgresError, useOwnDatabase } from "./errors.ts";
import { launch } from "./launch.ts";
import { clearLeftover } from "./leftover.ts";
import { type Logger, silent } from "./log.ts";
import { parsePostmasterFile } from "./postmaster-file.ts";
import { identify } from "./process-identity.ts";
import { removeRecord, writeRecord } from "./record.ts";

export interface PostgresOptions {
  /** Holds everything: data, password, socket. Made where it is missing. */
  readonly directory: string;
  readonly log?: Logger | undefined;
  /** Listen here again, so that an open pool finds a restarted server; absent: chosen. */
  readonly address?: Address | undefined;
}

/** How the server ended. */
export interface PostgresExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when `stop` asked for it. */
  readonly expected: boolean;
}

export interface Postgres extends AsyncDisposable {
  readonly pid: number;
  readonly connection: Connection;
  /** The same as one URL, for `pg` and libpq. */
  readonly url: string;
  readonly address: Address;
  /** True when a server that a killed run left behind had to be ended first. */
  readonly recovered: boolean;
  /** Settles when the server is gone, whoever ended it. */
  readonly exited: Promise<PostgresExit>;
  /** Fast shutdown: transactions roll back, data is safe. Resolves when the process is gone. */
  stop(): Promise<void>;
}

const startBudgetMs = 60_000;

/**
 * Starts a PostgreSQL in a directory, and makes its data directory the first time. It needs no account and no
 * installation, runs also for root, listens on a Unix socket that only this user can open (or on loopback with a
 * password, where the path is too long for a socket), and ends with this process even if that is killed.
 *
 * @throws PostgresError
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const log = options.log ?? silent;
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const directory = realpathSync(options.directory);
  const recovered = await clearLeftover(directory, join(directory, "data"), log);
  const { account, binaries } = chooseAccount(directory, findBinaries());
  const { data, password } = prepareCluster(directory, binaries, account);
  const address = options.address ?? (await chooseAddress(directory));
  const server = await startServer(directory, data, () =>
    launch({ account, address, binaries, data, directory }),
  );
  log.info({ pid: server.pid, account: account.kind, address }, "Postgres is ready");
  const connection = connectionTo(address, password);
  return { ...server, address, connection, url: connectionUrl(connection), recovered };
}

/**
 * Ends the server that a killed process left in a directory, without starting another. True when there was one.
 *
 * @throws PostgresError `DIRECTORY_IN_USE` when its owner lives.
 */
export async function endLeftoverPostgres(
  options: Pick<PostgresOptions, "directory" | "log">,
): Promise<boolean> {
  if (!existsSync(options.directory)) return false;
  const directory = realpathSync(options.directory);
  return await clearLeftover(directory, join(directory, "data"), options.log ?? silent);
}

type Server = Pick<Postgres, "pid" | "exited" | "stop" | typeof Symbol.asyncDispose>;

/** A postmaster that was killed leaves children for a moment; they hold its shared memory. Then it is tried again. */
async function startServer(
  directory: string,
  data: string,
  spawn: () => ChildProcess,
): Promise<Server> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const child = spawn();
    const server = watch(directory, child);
    const failure = await awaitReady(data, child, server);
    if (failure === undefined) return server;
    await server.stop();
    if (!failure.includes("is still in use") || Date.now() > deadline)
      throw startFailed(data, failure);
    await delay(100);
  }
}

interface Watched extends Server {
  /** The server's last words. */
  lastLines(): string;
}

function watch(directory: string, child: ChildProcess): Watched {
  const lines: string[] = [];
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line.slice(0, 500));
      if (lines.length > 20) lines.shift();
    });
  }
  const lifeline = child.stdio[3];
  let expected = false;
  const exited = new Promise<PostgresExit>((resolve) => {
    child.once("error", (error) => {
      lines.push(error.message);
      resolve({ code: 1, signal: null, expected });
    });
    // `close` rather than `exit`: the last lines have been read. Backends of a killed postmaster go by themselves.
    child.once("exit", (code, signal) => {
      dismissWatcher(lifeline);
      removeRecord(directory);
      resolve({ code, signal, expected });
    });
  });
  lifeline?.on("error", () => undefined); // EPIPE, when the watcher went first
  const pid = child.pid ?? 0;
  recordStart(directory, pid);
  const stop = async (): Promise<void> => {
    expected = true;
    await shutDown(child, exited);
  };
  return { pid, exited, stop, lastLines: () => lines.join("\n"), [Symbol.asyncDispose]: stop };
}

function dismissWatcher(lifeline: ChildProcess["stdio"][number] | undefined): void {
  if (lifeline instanceof Writable) lifeline.end("\n");
}

function recordStart(directory: string, pid: number): void {
  const owner = identify(process.pid);
  const postmaster = identify(pid);
  if (owner !== undefined && postmaster !== undefined)
    writeRecord(directory, { owner, postmaster });
}

async function shutDown(child: ChildProcess, exited: Promise<PostgresExit>): Promise<void> {
  for (const [signal, waitMs] of [
    ["SIGINT", 10_000],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const gone = await Promise.race([
      exited.then(() => true),
      delay(waitMs, false, { ref: false }),
    ]);
    if (gone) return;
  }
}

/** Undefined when the server accepts connections; else what it said. */
async function awaitReady(
  data: string,
  child: ChildProcess,
  server: Watched,
): Promise<string | undefined> {
  const deadline = Date.now() + startBudgetMs;
  const isGone = watchExit(server);
  while (!isGone()) {
    if (readStatus(data, child.pid) === "ready") return undefined;
    if (Date.now() > deadline)
      return `not ready after ${startBudgetMs / 1000} s\n${server.lastLines()}`;
    await delay(5);
  }
  if (child.stderr !== null && !child.stderr.readableEnded)
    await Promise.race([once(child.stderr, "close"), delay(200)]);
  return server.lastLines();
}

function watchExit(server: Server): () => boolean {
  const seen = { gone: false };
  void server.exited.finally(() => {
    seen.gone = true;
  });
  return () => seen.gone;
}

function readStatus(data: string, pid: number | undefined): string | undefined {
  try {
    const file = parsePostmasterFile(readFileSync(join(data, "postmaster.pid"), "utf8"));
    return file?.pid === pid ? file?.status : undefined;
  } catch {
    return undefined;
  }
}

function startFailed(data: string, words: string): PostgresError {
  return new PostgresError("START_FAILED", `PostgreSQL did not start in ${data}: ${words}`, {
    fix: `See what PostgreSQL says above. If the data may go, delete ${data}; or: ${useOwnDatabase}`,
  });
}
