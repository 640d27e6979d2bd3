import { type ChildProcess, spawn } from "node:child_process";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

export interface ChildSpec {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How a process ended; `error` where the spawn failed. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: NodeJS.ErrnoException | undefined;
}

/** A process that leads a group of its own. */
export interface Child {
  /** Also the number of the group; 0 where the spawn failed. */
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ChildExit>;
  /** Settles when its output is closed: later than the exit if a process that it started still holds the pipes. */
  readonly closed: Promise<void>;
}

/**
 * Starts a process as leader of a new session: signals reach everything it starts, and a Ctrl-C at the terminal reaches
 * only Cocktail, which ends the services in order.
 */
export function startChild({ command, directory, env }: ChildSpec): Child {
  const [program = "", ...args] = command;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd: directory,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return failedSpawn(error); // arguments too long, or with a NUL character
  }
  const exited = new Promise<ChildExit>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise<void>((resolve) => {
    child.once("error", () => resolve()).once("close", () => resolve());
  });
  // There are no pipes when the process is out of file descriptors.
  const stdout = child.stdout ?? Readable.from([]);
  const stderr = child.stderr ?? Readable.from([]);
  return { pid: child.pid ?? 0, stdout, stderr, exited, closed };
}

function failedSpawn(thrown: unknown): Child {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    pid: 0,
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exited: Promise.resolve({ code: null, signal: null, error }),
    closed: Promise.resolve(),
  };
}

/** Waits until the output that is still in the pipes is read, at most 500 ms: a process that left the group may hold them open. */
export async function drainOutput({ closed }: Child): Promise<void> {
  const tooLong = new AbortController();
  const pause = delay(500, undefined, { signal: tooLong.signal }).catch(() => undefined);
  await Promise.race([closed, pause]);
  tooLong.abort();
}

/** `exited with code 1`, `was ended by SIGKILL`, `could not be started: ...`. */
export function describeExit({ code, signal, error }: ChildExit): string {
  if (error !== undefined) return `could not be started: ${describeSpawnError(error)}`;
  return signal === null ? `exited with code ${code ?? "?"}` : `was ended by ${signal}`;
}

function describeSpawnError(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return `${error.path ?? "the program"} was not found`;
  // Also when a directory of PATH is not accessible and no other one holds the program.
  if (error.code === "EACCES")
    return `${error.path ?? "the program"} was not found, or may not be executed`;
  return error.message;
}
