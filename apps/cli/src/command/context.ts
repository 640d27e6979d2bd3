import type { Cocktail } from "../cocktail/connect.ts";
import type { ExitCode } from "../exit-code.ts";
import type { Progress } from "../output/progress.ts";
import type { OutputFormat } from "./output-format.ts";

/** Everything a command may touch: nothing in `commands/` reads the process itself. */
export interface Context {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly format: OutputFormat;
  /** True where the result goes to a terminal in colour. */
  readonly colour: boolean;
  readonly now: () => number;
  /** Aborted by Ctrl-C and SIGTERM; the reason is the `Failure` to end with. */
  readonly signal: AbortSignal;
  /** stderr: what is going on. */
  readonly progress: Progress;
  /** stdout, for results that come bit by bit, such as logs. Waits where the reader is slow. */
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
  /** Called at a second Ctrl-C instead of ending at once. */
  readonly onSecondInterrupt: (listener: () => void) => void;
  /** The running cocktail; throws a `Failure` NOT_RUNNING where there is none. */
  readonly connect: () => Promise<Cocktail>;
  /** Runs another command line in this process; its own output is the result. */
  readonly invoke: (argv: readonly string[], where: Where) => Promise<Invoked>;
  /** The file given with `--file`. */
  readonly file: string | undefined;
}

/** Surroundings of another command line. */
export type Where = Pick<Context, "cwd" | "env" | "signal">;
export interface Invoked {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}
