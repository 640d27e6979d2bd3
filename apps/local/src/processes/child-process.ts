import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";

export interface ChildSpec {
  readonly command: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How a process ended; `error` where it never began. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: NodeJS.ErrnoException | undefined;
}

/** A process that leads a group of its own. */
export interface Child {
  /** Also the number of the group; 0 where it never began. */
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ChildExit>;
}

/**
 * Starts a process as leader of a new session: signals reach everything it starts, and a Ctrl-C at the terminal reaches
 * only Cocktail, which ends the services in order.
 */
export function startChild({ command, directory, env }: ChildSpec): Child {
  const [program = "", ...args] = command;
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(program, args, {
    cwd: directory,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<ChildExit>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  return { pid: child.pid ?? 0, stdout: child.stdout, stderr: child.stderr, exited };
}

/** `exited with code 1`, `was ended by SIGKILL`, `could not be started: ...`. */
export function describeExit({ code, signal, error }: ChildExit): string {
  if (error !== undefined) return `could not be started: ${describeSpawnError(error)}`;
  return signal === null ? `exited with code ${code ?? "?"}` : `was ended by ${signal}`;
}

function describeSpawnError(error: NodeJS.ErrnoException): string {
  // Node reports a missing working directory as a missing program; both are checked before.
  if (error.code === "ENOENT") return `${error.path ?? "the program"} was not found`;
  // Also where a directory of PATH is closed to this user and the program is in none of the others.
  if (error.code === "EACCES")
    return `${error.path ?? "the program"} was not found, or may not be executed`;
  return error.message;
}
