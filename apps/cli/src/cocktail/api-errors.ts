import { Failure } from "../failure.ts";

/** Loaded only when an error must be classified, so that other commands start without the client. */
const client = () => import("@cocktail/client");

/** The API answered NOT_FOUND. */
export async function isNotFound(error: unknown): Promise<boolean> {
  const { ApiError } = await client();
  return ApiError.is(error) && error.code === "NOT_FOUND";
}

/** Why the API refused; undefined for any other error. */
export async function problemReason(error: unknown): Promise<string | undefined> {
  const { ApiError } = await client();
  return ApiError.is(error) ? error.problem.reason : undefined;
}

/** Worth connecting again: a failure that says so, such as the end of a cocktail that may be started again, or a transient error. */
export async function isRetryable(error: unknown): Promise<boolean> {
  const { ApiUnreachable } = await client();
  const failure = ApiUnreachable.is(error) ? error.cause : error;
  return failure instanceof Failure ? failure.retryable : await isTransient(error);
}

/** No response of a process that may still be there, or a retryable one. */
export async function isTransient(error: unknown): Promise<boolean> {
  const { ApiError, ApiUnreachable } = await client();
  if (ApiUnreachable.is(error)) return !(error.cause instanceof Failure);
  return ApiError.is(error) && error.retryable;
}
