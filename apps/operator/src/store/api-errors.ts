import { storeUnavailable } from "@cocktail/control-plane/store";
import { ApiError, ApiUnreachable } from "@cocktail/kubernetes";

/** The error of a store that an error of the API amounts to: STORE_UNAVAILABLE if it may pass by itself, else the same error. */
export function asStoreError(error: unknown): unknown {
  return isPassing(error) ? storeUnavailable(error.message, { cause: error }) : error;
}

/** Asks the API for a store. */
export async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw asStoreError(error);
  }
}

function isPassing(error: unknown): error is Error {
  if (error instanceof ApiUnreachable) return true;
  return error instanceof ApiError && (error.status >= 500 || error.status === 429);
}
