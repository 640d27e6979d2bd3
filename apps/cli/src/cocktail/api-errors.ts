/** The client is loaded when there is an error of it to look at, so that other commands start without it. */
const client = () => import("@cocktail/client");

/** The API answered that there is no such thing. */
export async function isNotFound(error: unknown): Promise<boolean> {
  const { ApiError } = await client();
  return ApiError.is(error) && error.code === "NOT_FOUND";
}

/** No answer, or one that says: try again. */
export async function mayPass(error: unknown): Promise<boolean> {
  const { ApiError, ApiUnreachable } = await client();
  return ApiUnreachable.is(error) || (ApiError.is(error) && error.retryable);
}
