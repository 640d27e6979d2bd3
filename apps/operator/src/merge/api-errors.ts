import { ApiError, isNotFound } from "@cocktail/kubernetes";

const denied = /denied (?:the )?request/;

/** What a webhook or the schema says of an object, as opposed to what is wrong with the request or the server. */
export function isRefusal(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  const { status, message } = error;
  // Policy engines answer 403, as does the API where the operator itself lacks a permission.
  return status === 400 || status === 422 || (status === 403 && denied.test(message));
}

/** Undefined where the object is not there any more. */
export async function unlessGone<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
