import type { ProblemCode } from "@cocktail/client";
import { type ExitCode, exitCodes } from "./exit-code.ts";

/** Every code an error of the command line itself can carry, beside those of the API's problems. */
export const failureCodes = {
  API_UNREACHABLE: "The cocktail's API does not answer.",
  CHECK_FAILED: "A check of `doctor`, or a step of the demo, failed.",
  COCKTAIL_EXITED: "`cocktail-local` ended before it was ready.",
  FILE_NOT_FOUND: "A file that was named does not exist.",
  INTERRUPTED: "Interrupted while waiting, by Ctrl-C or a signal.",
  NOT_PERMITTED: "The process belongs to another user.",
  NO_URL: "Nothing of it is reachable from outside.",
  NOT_RUNNING: "No running cocktail was found.",
  OUTPUT_FAILED: "The result could not be written to stdout.",
  REQUEST_FAILED: "A request to a service got no answer.",
  RUNNING: "A cocktail already runs from this file.",
  SPEC_INVALID: "A file's content is invalid.",
  STATE_UNUSABLE: "The state directory `.cocktail/` can't be made, written or deleted.",
  TIMEOUT: "It did not happen in time.",
  USAGE: "The command line is wrong.",
  VARIANT_FAILED: "The variant can't become ready.",
  INTERNAL: "A defect of the command line itself.",
} as const;

type FailureCode = keyof typeof failureCodes | ProblemCode;

export interface FailureDetails {
  readonly code: FailureCode;
  readonly message: string;
  /** What to do now, as a sentence or a command. */
  readonly fix: string;
  readonly retryable?: boolean;
  readonly exitCode?: ExitCode;
}

/** A failure that a user can read: what, why, and how to fix. Anything else that is thrown is a defect. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly fix: string;
  readonly retryable: boolean;
  readonly exitCode: ExitCode;

  constructor(details: FailureDetails, options?: ErrorOptions) {
    super(details.message, options);
    this.code = details.code;
    this.fix = details.fix;
    this.retryable = details.retryable ?? false;
    this.exitCode = details.exitCode ?? exitCodes.error;
  }
}

/** A fault in the command line, exit 2. */
export function usageFailure(message: string, fix: string): Failure {
  return new Failure({ code: "USAGE", message, fix, exitCode: exitCodes.usage });
}
