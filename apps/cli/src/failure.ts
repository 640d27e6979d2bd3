import type { ProblemCode } from "@cocktail/client";
import { type ExitCode, exitCodes } from "./exit-code.ts";

/** Every error code of the command line itself, besides the problem codes of the API. */
export const failureCodes = {
  API_UNREACHABLE: "The cocktail's API does not respond.",
  CHECK_FAILED: "A check of `doctor`, or a step of the demo, failed.",
  CLUSTER_UNREADABLE: "`kubectl` can't read the objects of a cluster.",
  COMMAND_NOT_STARTED: "The command that `exec` was given could not be started.",
  COCKTAIL_EXITED: "`cocktail-local` exited unexpectedly.",
  FILE_NOT_FOUND: "A given file does not exist or cannot be read or written.",
  INTERRUPTED: "Interrupted while waiting, by Ctrl-C or a signal.",
  NOT_PERMITTED: "The process belongs to another user.",
  NO_URL: "The object is not reachable from outside.",
  NOT_RUNNING: "No running cocktail was found.",
  OUTPUT_FAILED: "The result could not be written to stdout.",
  REQUEST_FAILED: "A request to a service failed.",
  RUNNING: "The cocktail of this file is already running.",
  SPEC_INVALID: "A file's content is invalid.",
  STATE_UNUSABLE: "The state directory `.cocktail/` cannot be created, read, written or deleted.",
  TIMEOUT: "The operation did not finish in time.",
  USAGE: "The command line is invalid.",
  VARIANT_FAILED: "A variant failed and will not become ready.",
  WATCH_FAILED: "A directory cannot be watched for changes.",
  INTERNAL: "A bug in the command line.",
} as const;

type FailureCode = keyof typeof failureCodes | ProblemCode;

export interface FailureDetails {
  readonly code: FailureCode;
  readonly message: string;
  /** What to do, as a sentence or a command. */
  readonly fix: string;
  readonly retryable?: boolean;
  readonly exitCode?: ExitCode;
}

/** An error for the user: what, why, and how to fix it. Anything else that is thrown is a bug. */
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

/** An invalid command line; exit code 2. */
export function usageFailure(message: string, fix: string): Failure {
  return new Failure({ code: "USAGE", message, fix, exitCode: exitCodes.usage });
}
