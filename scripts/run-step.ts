import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The directory of the clone, without a trailing slash. */
export const root: string = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly output: string;
  readonly ms: number;
}

/** Runs a command in the root of the clone and keeps what it printed. Never throws: a command that can't start is a failed step. */
export async function runStep({ name, command }: Step): Promise<StepResult> {
  const started = performance.now();
  const [file, ...args] = command;
  const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (chunk: Buffer): void => void (output += chunk.toString("utf8"));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const code = await once(child, "close").then(
    ([exit]: unknown[]) => exit,
    (error: unknown) => {
      output += String(error);
      return undefined;
    },
  );
  return { name, ok: code === 0, output, ms: Math.round(performance.now() - started) };
}
