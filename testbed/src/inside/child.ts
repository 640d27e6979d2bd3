import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A long-running program of the testbed. */
export interface ProgramSpec {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** All of it. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Resolves true when the program serves. Thrown errors count as not yet. */
  readonly ready: () => Promise<boolean>;
}

export interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

/** Its output goes to a file: a pipe that stays open would keep whoever reads it waiting. */
export function startProgram(
  { name, command: [file, ...args], env = process.env }: Omit<ProgramSpec, "ready">,
  logs: string,
): Running {
  const log = openSync(join(logs, `${name}.log`), "a", 0o600);
  const child = spawn(file, args, {
    stdio: ["ignore", log, log],
    env,
    detached: true,
  });
  closeSync(log);
  return { child, exited: once(child, "exit").catch((error: unknown) => error) };
}

/** Starts a program and waits until it serves. Throws, with the end of its log, when it exits first or the deadline passes. */
export async function startAndAwait(
  spec: ProgramSpec,
  logs: string,
  limitMs = 90_000,
): Promise<Running> {
  const running = startProgram(spec, logs);
  const deadline = performance.now() + limitMs;
  while (!(await spec.ready().catch(() => false))) {
    const { exitCode, signalCode } = running.child;
    const ended = exitCode ?? signalCode ?? (running.child.pid === undefined ? "no start" : null);
    if (ended !== null || performance.now() > deadline) {
      const why = ended === null ? `is not ready after ${limitMs / 1000} s` : `ended (${ended})`;
      throw new Error(
        `${spec.name} ${why}; end of its log:\n${tail(join(logs, `${spec.name}.log`))}`,
      );
    }
    await delay(50);
  }
  return running;
}

export function tail(file: string, lines = 15): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log)";
  }
}
