import { randomBytes, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import {
  acquireLock,
  createStateDirectory,
  identify,
  readRunFile,
  removeRunFile,
  type RunFile,
  type StateDirectory,
  stateDirectory,
  writeRunFile,
} from "@cocktail/local-state";
import { type Config, formatFaults } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import { type Arguments, readArguments, readLogLevel, usage } from "./wiring/arguments.ts";
import { endEarlierRun } from "./wiring/end-leftovers.ts";
import { inState, StartFailure } from "./wiring/failure.ts";
import { openOutput, type Output } from "./wiring/output.ts";
import { type Stop, stopSignals } from "./wiring/stop-signals.ts";

const printError = (text: string): void => void process.stderr.write(`${text}\n`);

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "0";
}

/** Holds the lock of a state directory while `work` runs. */
async function locked<T>(file: string, work: (state: StateDirectory) => Promise<T>): Promise<T> {
  const directory = dirname(file);
  const { root } = stateDirectory(directory);
  const state = inState(root, () => createStateDirectory(directory));
  const lock = inState(root, () => acquireLock(state.lock));
  if (!lock.ok) {
    const edge = inState(root, () => readRunFile(state.runFile)?.edge);
    const where = edge === undefined ? "" : ` at ${edge}`;
    throw new StartFailure(
      `the cocktail of ${file} is already running, as process ${lock.holder.pid}${where}`,
      "use it (cocktail status), or end it first: cocktail down",
      4,
    );
  }
  try {
    return await work(state);
  } finally {
    lock.release();
  }
}

async function onlyEndLeftovers(file: string): Promise<void> {
  if (!existsSync(stateDirectory(dirname(file)).root)) return;
  const { log } = openOutput({ format: "pretty", level: "warn", services: [] });
  const lines = await locked(file, (state) => endEarlierRun(state, log));
  for (const line of lines) process.stdout.write(`${line}\n`);
}

function readConfig(path: string, domain: string | undefined): Config {
  const loaded = loadConfig(path, domain);
  if (loaded.ok) return loaded.config;
  printError(formatFaults(basename(loaded.file), loaded.faults));
  const count = loaded.faults.length === 1 ? "1 fault" : `${loaded.faults.length} faults`;
  throw new StartFailure(`${loaded.file} has ${count}`, "fix the faults listed above", 2);
}

async function run(given: Arguments, stop: Stop): Promise<void> {
  const config = readConfig(resolve(given.file), given.domain);
  const services = config.services.map(({ name }) => name);
  const configured = process.env["COCKTAIL_LOG_LEVEL"];
  const level = readLogLevel(configured);
  if (level === undefined) {
    const fix = "set it to debug, info, warn or error";
    throw new StartFailure(`COCKTAIL_LOG_LEVEL is ${configured}, which is not a log level`, fix, 2);
  }
  const output = openOutput({ format: given.logFormat, level, services });
  await locked(config.file, (state) => serve({ config, given, output, state, stop }));
}

interface ServeOptions {
  readonly config: Config;
  readonly given: Arguments;
  readonly output: Output;
  readonly state: StateDirectory;
  readonly stop: Stop;
}

async function serve({ config, given, output, state, stop }: ServeOptions): Promise<void> {
  const ended = await endEarlierRun(state, output.log);
  // Imported late, so that faults of the file are reported without delay.
  const { startCocktail } = await import("./wiring/start.ts");
  const startedAt = new Date();
  const me: RunFile = {
    pid: process.pid,
    startTime: identify(process.pid)?.startTime ?? "",
    runId: randomUUID(),
    name: config.name,
    version: version(),
    token: randomBytes(24).toString("base64url"),
    ready: false,
    startedAt: startedAt.toISOString(),
    recovered: ended,
  };
  const publish = (run: RunFile): void =>
    inState(state.root, () => writeRunFile(state.runFile, run));
  publish(me);
  // What this process starts for itself, such as git, is found by it after a kill, as its services are.
  process.env["COCKTAIL_RUN_ID"] = me.runId;
  try {
    const { runId, token } = me;
    const shared = { config, state, output, runId, token, startedAt, ended, version: me.version };
    const { forceSignal } = stop;
    const running = await startCocktail({
      ...shared,
      ...given,
      env: process.env,
      forceSignal,
    });
    try {
      const { api, edge, recovered } = running;
      publish({ ...me, api, edge, recovered, ready: true });
      for (const line of recovered) output.log.warn(line);
      output.log.info({ edge, api }, `${config.name} is serving`);
      await stop.requested;
      output.log.info("stopping");
    } finally {
      await running.stop();
    }
  } finally {
    removeRunFile(state.runFile);
  }
}

/** For errors that are not the user's. Returns the exit code. */
function reportBug(error: unknown): 1 {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  printError(`cocktail-local: internal error, shutting down. Please report this:\n${details}`);
  return 1;
}

async function main(): Promise<number> {
  const given = readArguments(process.argv.slice(2));
  if (!given.ok) {
    printError(`cocktail-local: ${given.message}\nUsage: ${usage}`);
    return 2;
  }
  const stop = stopSignals(process, reportBug);
  try {
    if (given.arguments.endLeftovers) await onlyEndLeftovers(resolve(given.arguments.file));
    else await run(given.arguments, stop);
    return stop.exitCode();
  } catch (error) {
    if (!(error instanceof StartFailure)) return reportBug(error);
    printError(`cocktail-local: ${error.message}\nFix: ${error.fix}`);
    return error.exitCode;
  }
}

// Whatever is still open then (a follower of logs, a keep-alive socket) must not keep the process.
// oxlint-disable-next-line unicorn/no-process-exit -- this is the end of a program
process.exit(await main());
