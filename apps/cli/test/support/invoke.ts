import type { OutputStream } from "../../src/output/output.ts";
import { run } from "../../src/run.ts";

export interface Invoked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface InvokeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  readonly isTTY?: boolean;
  /** Called with stderr after each write. */
  readonly onStderr?: (all: string) => void;
}

/** Runs a command line in this process, as `main.ts` does, and records its output. */
export async function invoke(
  argv: readonly string[],
  options: InvokeOptions = {},
): Promise<Invoked> {
  const isTTY = options.isTTY ?? false;
  const stdout = remember(isTTY);
  const stderr = remember(isTTY, options.onStderr);
  const code = await run({
    argv,
    cwd: options.cwd ?? "/",
    env: options.env ?? {},
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: options.signal ?? new AbortController().signal,
    onSecondInterrupt: () => {},
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function remember(
  isTTY: boolean,
  onText?: (all: string) => void,
): { readonly stream: OutputStream; readonly text: () => string } {
  let text = "";
  return {
    text: () => text,
    stream: {
      isTTY,
      write: (chunk, done) => {
        text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
        onText?.(text);
        done?.(null);
        return true;
      },
      on: () => {},
    },
  };
}
