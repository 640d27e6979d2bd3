import { spawn } from "node:child_process";
import { once } from "node:events";

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => void;
}

/** Runs a program to its end. Throws ToolFailed, with the last lines of what it printed, unless it exits with 0. */
export type RunTool = (
  program: string,
  args: readonly string[],
  options: ToolOptions,
) => Promise<void>;

export class ToolFailed extends Error {
  override readonly name = "ToolFailed";
}

/** A program that the machine lacks, and how to get it. */
export class ToolMissing extends Error {
  override readonly name = "ToolMissing";
}

/** Programs of the system that the testbed calls, and the way to get each. */
export const howToGet: Readonly<Record<string, string>> = {
  go: "install Go 1.26 or newer (1.21 or newer fetches that version itself)",
  "apt-get":
    "profile node takes runc and iptables from Debian packages, so it needs Debian or a system like it",
  "dpkg-deb": "install dpkg (Debian has it)",
  ldd: "install the C library's programs (Debian: apt-get install libc-bin)",
  python3: "install python3 with pip (Debian: apt-get install python3-pip)",
  openssl: "install openssl (Debian: apt-get install openssl)",
  ip: "install iproute2 (Debian: apt-get install iproute2)",
  unshare: "install util-linux (Debian: apt-get install util-linux)",
  nsenter: "install util-linux (Debian: apt-get install util-linux)",
  mount: "install mount (Debian: apt-get install mount)",
};

const keptOutput = 16_384;

/** A RunTool whose children end with the signal. */
export function toolRunner(signal: AbortSignal): RunTool {
  return async (program, args, { cwd, env, onOutput }) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      signal,
      killSignal: "SIGTERM",
    });
    let output = "";
    const keep = (chunk: Buffer): void => {
      const text = chunk.toString("utf8");
      output = (output + text).slice(-keptOutput);
      onOutput?.(text);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const code: unknown = await once(child, "close").then(
      ([exit]: unknown[]) => exit,
      (error: unknown) => throwFor(program, error),
    );
    signal.throwIfAborted();
    if (code !== 0)
      throw new ToolFailed(
        `${program} ${args.join(" ")}: exit ${String(code)}\n${lastLines(output)}`,
      );
  };
}

/** What a program prints to standard output and error together. */
export async function capture(
  run: RunTool,
  program: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<string> {
  let text = "";
  await run(program, args, { ...options, onOutput: (chunk) => void (text += chunk) });
  return text;
}

function throwFor(program: string, error: unknown): never {
  if (error instanceof Error && Reflect.get(error, "code") === "ENOENT")
    throw new ToolMissing(`${program} is not on the PATH: ${howToGet[program] ?? "install it"}`);
  throw error;
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-15).join("\n");
}
