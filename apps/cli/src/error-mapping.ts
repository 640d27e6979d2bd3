import type { Problem, ProblemCode } from "@cocktail/client";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { Failure } from "./failure.ts";
import { problemFix } from "./fixes.ts";

/** The exit code of every problem code of the API. Exhaustive: a new code does not compile without an entry. */
export const problemExitCodes: Readonly<Record<ProblemCode, ExitCode>> = {
  INVALID: exitCodes.usage,
  UNAUTHORIZED: exitCodes.error,
  FORBIDDEN_HOST: exitCodes.error,
  FORBIDDEN_ORIGIN: exitCodes.error,
  NOT_FOUND: exitCodes.notFound,
  CONFLICT: exitCodes.conflict,
  REFUSED: exitCodes.refused,
  UNCOMMITTED_WORK: exitCodes.refused,
  NO_REPOSITORY: exitCodes.usage,
  TOO_LARGE: exitCodes.usage,
  STORE_UNAVAILABLE: exitCodes.error,
  NOT_READY: exitCodes.error,
  INTERNAL: exitCodes.error,
};

/** Converts a thrown value to a failure with a message and an exit code. */
export async function toFailure(error: unknown): Promise<Failure> {
  if (error instanceof Failure) return error;
  const { ApiError, ApiUnreachable } = await import("@cocktail/client");
  if (ApiError.is(error)) {
    const { problem } = error;
    return new Failure(
      {
        code: problem.code,
        message: messageOf(problem, error.message),
        fix: problemFix(problem),
        retryable: problem.retryable,
        exitCode: problemExitCodes[problem.code],
      },
      { cause: error },
    );
  }
  if (ApiUnreachable.is(error)) {
    if (error.cause instanceof Failure) return error.cause;
    return new Failure(
      { code: "API_UNREACHABLE", message: error.message, fix: unreachableFix, retryable: true },
      { cause: error },
    );
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure(
    { code: "INTERNAL", message, fix: "this is a bug in cocktail: report it with this text" },
    { cause: error },
  );
}

const unreachableFix = "check that the cocktail is running: cocktail status, cocktail up";

/** The summary and one line for each fault; a summary that only repeats the first fault is omitted. */
function messageOf({ errors = [] }: Problem, summary: string): string {
  const faults = errors.map(({ path, message }) => `${path.replace(/^body\./, "")}: ${message}`);
  const [first] = errors;
  const repeats = first !== undefined && summary.includes(first.message);
  return [...(repeats ? [] : [summary]), ...faults].join("\n");
}
