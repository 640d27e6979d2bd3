import type { Failure } from "../failure.ts";
import type { Command } from "./command.ts";
import type { RawInput } from "./read-input.ts";

/** What the command line asks for. */
export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly raw: RawInput }
  /** Asked for, so it goes to stdout and the exit code is 0. */
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "wrong"; readonly failure: Failure };
