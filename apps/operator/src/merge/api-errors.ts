import { ApiError, isNotFound } from "@cocktail/kubernetes";

/** What a webhook or the schema says of an object, as opposed to what is wrong with the request or the server. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 400 || error.status === 422);
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
