import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../failure.ts";

export interface LocalOptions {
  /** Absolute path of the cocktail.yaml. */
  readonly file: string;
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly domain: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** "inherit": stdout and stderr of this process. A number: the descriptor of an open file. */
  readonly output: "inherit" | number;
}

/** The launcher of `cocktail-local`, resolved from its package entry point: works in a clone and when installed. */
export function localLauncher(): string {
  const entryPoint = fileURLToPath(import.meta.resolve("@cocktail/local"));
  const launcher = fileURLToPath(
    new URL("../bin/cocktail-local.js", import.meta.resolve("@cocktail/local")),
  );
  if (existsSync(launcher)) return launcher;
  throw new Failure({
    code: "INTERNAL",
    message: `@cocktail/local at ${entryPoint} has no launcher`,
    fix: "reinstall the package of the cocktail command",
  });
}

/**
 * Megabytes. Most allocations of a request are short-lived. With V8's default, the process holds 130 MB more, without a
 * lower cost per request.
 */
const semiSpace = "--max-semi-space-size=4";

/**
 * Starts it as the leader of its own session, so that it receives a Ctrl-C only from this process and not also from the
 * terminal: a second signal forces the shutdown.
 */
export function startLocal({ file, env, output, ...edge }: LocalOptions): ChildProcess {
  const { domain, host, port } = edge;
  const given = Object.entries({ file, port, host, domain }).filter(
    ([, value]) => value !== undefined,
  );
  const args = given.flatMap(([name, value]) => [`--${name}`, String(value)]);
  const format = output === "inherit" ? [] : ["--log-format", "pretty"];
  return spawn(process.execPath, [semiSpace, localLauncher(), ...args, ...format], {
    env: { ...env },
    stdio: ["ignore", output, output],
    detached: true,
  });
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Resolves when the process has exited or could not be started. */
export function exitOf(child: ChildProcess): Promise<ExitStatus> {
  return new Promise((settle) => {
    child.once("exit", (code, signal) => settle({ code, signal }));
    child.once("error", () => settle({ code: 1, signal: null }));
  });
}
