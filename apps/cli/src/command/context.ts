import type { Cocktail } from "../cocktail/connect.ts";
import type { Progress } from "../output/progress.ts";
import type { OutputFormat } from "./output-format.ts";

/** All that a command may access: nothing in `commands/` reads the process itself. */
export interface Context {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly format: OutputFormat;
  /** True if stdout is coloured. */
  readonly colour: boolean;
  readonly now: () => number;
  /** Aborted by Ctrl-C and SIGTERM; its reason is the `Failure` to report. */
  readonly signal: AbortSignal;
  /** Progress on stderr. */
  readonly progress: Progress;
  /** stdout, for streamed results such as logs. Waits for a slow reader. */
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
  /** Called at a second Ctrl-C instead of exiting immediately. */
  readonly onSecondInterrupt: (listener: () => void) => void;
  /** Connects to the running cocktail; throws a `Failure` NOT_RUNNING if there is none. */
  readonly connect: () => Promise<Cocktail>;
  /** Runs another command line in this process and returns its output. */
  readonly invoke: (argv: readonly string[], where: InvokeContext) => Promise<Invoked>;
  /** The file given with `--file`. */
  readonly file: string | undefined;
}

/** The environment of another command line. */
export type InvokeContext = Pick<Context, "cwd" | "env" | "signal">;
export interface Invoked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
