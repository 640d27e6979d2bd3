import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const shop: string = join(import.meta.dirname, "..");

export interface RunningService extends AsyncDisposable {
  readonly url: string;
  /** Everything it printed so far. */
  output(): string;
  /** Asks it to end, and gives its exit code. */
  stop(): Promise<number | null>;
}

/** The command of a service in cocktail.yaml: what is tested is what `cocktail up` starts. */
function commandOf(service: string): readonly [string, ...string[]] {
  const yaml = readFileSync(join(shop, "cocktail.yaml"), "utf8");
  const entry = yaml
    .split(/^(?= *- name: )/m)
    .find((one) => one.trimStart().startsWith(`- name: ${service}\n`));
  const [, list = ""] = /^ *command: \[(.*)\]$/m.exec(entry ?? "") ?? [];
  const [program = "", ...args] = list.split(", ");
  assert.ok(program !== "", `cocktail.yaml has no command for ${service}`);
  return [program, ...args];
}

const deadlineMs = 60_000;

/** Starts one service and waits until it says where it listens. */
export async function startService(
  service: string,
  env: Readonly<Record<string, string>> = {},
  directory: string = shop,
): Promise<RunningService> {
  const [program, ...args] = commandOf(service);
  const inherited = Object.entries(process.env).filter(([name]) => name !== "NODE_TEST_CONTEXT");
  const path = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  const child = spawn(program, args, {
    cwd: join(directory, service),
    env: { ...Object.fromEntries(inherited), PATH: path, PORT: "0", HOST: "127.0.0.1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child);
  const ended = once(child, "close");
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  try {
    const url = await addressOf(child, output);
    return {
      url,
      output: () => output.text,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    };
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    throw error;
  }
}

interface Output {
  text: string;
}

function collect(child: ChildProcess): Output {
  const output: Output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output.text += text));
  }
  return output;
}

async function addressOf(child: ChildProcess, output: Output): Promise<string> {
  const found = (): string | undefined => /listens on (http:\/\/\S+)/.exec(output.text)?.[1];
  const deadline = AbortSignal.timeout(deadlineMs);
  while (found() === undefined) {
    if (child.exitCode !== null) throw new Error(`it ended (${child.exitCode}):\n${output.text}`);
    const more = [child.stdout, child.stderr].map((stream) =>
      stream === null ? Promise.resolve() : once(stream, "data", { signal: deadline }),
    );
    await Promise.race([...more, once(child, "close", { signal: deadline })]).catch(() => {
      throw new Error(`it doesn't say where it listens after ${deadlineMs} ms:\n${output.text}`);
    });
  }
  return found() ?? "";
}

/** False where a test of the Python service can't run. */
export function hasPython(): boolean {
  const paths = (process.env["PATH"] ?? "").split(":");
  return paths.some((path) => existsSync(join(path, "python3")));
}
