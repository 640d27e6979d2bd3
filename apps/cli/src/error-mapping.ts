import type { Problem, ProblemCode } from "@cocktail/client";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { Failure } from "./failure.ts";
import { problemFix } from "./fixes.ts";

/** The exit code of every problem the API can answer. Total: a new code does not compile until it is decided. */
export const problemExitCodes: Readonly<Record<ProblemCode, ExitCode>> = {
  INVALID: exitCodes.usage,
  UNAUTHORIZED: exitCodes.error,
  FORBIDDEN_HOST: exitCodes.error,
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

/** Anything that was thrown, as something to print and a code to end with. */
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
    return new Failure(
      { code: "API_UNREACHABLE", message: error.message, fix: notAnswering, retryable: true },
      { cause: error },
    );
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure(
    { code: "INTERNAL", message, fix: "this is a defect of cocktail: report it with this text" },
    { cause: error },
  );
}

const notAnswering = "check that the cocktail is running: cocktail status, cocktail up";

/** The summary, and the faults one a line; a summary that only repeats the first of them is left out. */
function messageOf({ errors = [] }: Problem, summary: string): string {
  const faults = errors.map(({ path, message }) => `${path.replace(/^body\./, "")}: ${message}`);
  const [first] = errors;
  const repeats = first !== undefined && summary.includes(first.message);
  return [...(repeats ? [] : [summary]), ...faults].join("\n");
}
