import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../failure.ts";

export interface LocalOptions {
  /** Absolute path of the cocktail.yaml. */
  readonly file: string;
  readonly port: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** "inherit": its output is ours. A number: an open file that takes it all. */
  readonly output: "inherit" | number;
}

/** The launcher of `cocktail-local`, beside the door of its package: in a clone and in an installed package alike. */
export function localLauncher(): string {
  const door = fileURLToPath(import.meta.resolve("@cocktail/local"));
  const launcher = fileURLToPath(
    new URL("../bin/cocktail-local.js", import.meta.resolve("@cocktail/local")),
  );
  if (existsSync(launcher)) return launcher;
  throw new Failure({
    code: "INTERNAL",
    message: `@cocktail/local at ${door} has no launcher`,
    fix: "install the command again",
  });
}

/**
 * Megabytes. Most of what a request allocates is garbage at once; V8 would keep 130 MB more of it before it looks, and a
 * request through the gateway costs the same.
 */
const semiSpace = "--max-semi-space-size=4";

/**
 * Starts it as leader of a session of its own, so that a Ctrl-C at the terminal reaches it once, through us, and not a
 * second time from the terminal: a second one means "hurry".
 */
export function startLocal({ file, port, env, output }: LocalOptions): ChildProcess {
  const args = ["--file", file, ...(port === undefined ? [] : ["--port", String(port)])];
  const format = output === "inherit" ? [] : ["--log-format", "pretty"];
  return spawn(process.execPath, [semiSpace, localLauncher(), ...args, ...format], {
    env: { ...env },
    stdio: ["ignore", output, output],
    detached: true,
  });
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Settles when the process ended, and when it could not be started. */
export function ended(child: ChildProcess): Promise<Ending> {
  return new Promise((settle) => {
    child.once("exit", (code, signal) => settle({ code, signal }));
    child.once("error", () => settle({ code: 1, signal: null }));
  });
}
