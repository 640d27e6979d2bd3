import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { identify, openFilesFix } from "@cocktail/local-state";
import { PostgresError, unusableDirectory, useOwnDatabase } from "./errors.ts";
import { escalation } from "./escalation.ts";
import { isReady } from "./postmaster-file.ts";
import { removeRecord, writeRecord } from "./record.ts";

/** How the server ended. */
export interface PostgresExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when `stop` asked for it. */
  readonly expected: boolean;
  /** What it wrote last. */
  readonly output: string;
}

/** One postmaster, from its start to its end. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  /** Settles when the server is gone, however it ended. */
  readonly exited: Promise<PostgresExit>;
  /** Fast shutdown: transactions roll back, data is safe. Resolves when the process is gone. */
  stop(): Promise<void>;
}

const startBudgetMs = 60_000;
const sharedMemoryBudgetMs = 15_000;

/** A postmaster that was killed leaves children for a moment; they hold its shared memory. Then it is tried again. */
export async function startServer(
  directory: string,
  data: string,
  spawn: () => ChildProcess,
): Promise<Server> {
  const deadline = performance.now() + sharedMemoryBudgetMs;
  for (;;) {
    const stale = readPidFile(data);
    const child = spawn();
    const server = watch(directory, child);
    try {
      recordStart(directory, server.pid);
    } catch (cause) {
      await server.stop();
      throw unusableDirectory(directory, cause);
    }
    const failure = await awaitReady(child, server, () =>
      isReady(readPidFile(data), { pid: server.pid, stale }),
    );
    if (failure === undefined) return server;
    await server.stop();
    if (!failure.includes("is still in use") || performance.now() > deadline)
      throw startFailed(data, failure);
    await delay(100);
  }
}

interface Watched extends Server {
  /** What it wrote last, so far. */
  output(): string;
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
  const output = (): string => lines.join("\n");
  let expected = false;
  const exited = new Promise<PostgresExit>((resolve) => {
    child.once("error", (error) => {
      lines.push(error.message);
      resolve({ code: 1, signal: null, expected, output: output() });
    });
    // `exit` rather than `close`: backends of a killed postmaster hold the pipe, and go by themselves.
    child.once("exit", (code, signal) => {
      dismissWatcher(lifeline);
      removeRecord(directory);
      resolve({ code, signal, expected, output: output() });
    });
  });
  lifeline?.on("error", () => undefined); // EPIPE, when the watcher went first
  const stop = async (): Promise<void> => {
    expected = true;
    await shutDown(child, exited);
  };
  const pid = child.pid ?? 0;
  return { pid, exited, stop, output, [Symbol.asyncDispose]: stop };
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
  for (const { signal, waitMs } of escalation) {
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
  child: ChildProcess,
  server: Watched,
  accepts: () => boolean,
): Promise<string | undefined> {
  const deadline = performance.now() + startBudgetMs;
  const isGone = watchExit(server);
  while (!isGone()) {
    if (accepts()) return undefined;
    if (performance.now() > deadline)
      return `not ready after ${startBudgetMs / 1000} s\n${server.output()}`;
    await delay(5);
  }
  if (child.stderr !== null && !child.stderr.readableEnded)
    await Promise.race([once(child.stderr, "close"), delay(200)]);
  return server.output();
}

function watchExit(server: Server): () => boolean {
  const seen = { gone: false };
  void server.exited.finally(() => {
    seen.gone = true;
  });
  return () => seen.gone;
}

/** The text of postmaster.pid. */
function readPidFile(data: string): string | undefined {
  try {
    return readFileSync(join(data, "postmaster.pid"), "utf8");
  } catch {
    return undefined;
  }
}

function startFailed(data: string, words: string): PostgresError {
  const inUse = /lock file "postmaster\.pid" already exists[^]*\(PID (\d+)\)/.exec(words);
  if (inUse !== null) {
    return new PostgresError(
      "DIRECTORY_IN_USE",
      `${data} is in use: PostgreSQL ${inUse[1]} runs there.`,
      { fix: `Stop process ${inUse[1]} first, or use another directory.` },
    );
  }
  return new PostgresError("START_FAILED", `PostgreSQL did not start in ${data}: ${words}`, {
    fix:
      openFilesFix(words) ??
      `See what PostgreSQL says above; the data is untouched. Or: ${useOwnDatabase}`,
  });
}
