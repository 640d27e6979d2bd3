import { isRecord } from "../object.ts";

/** An answer of the API other than 2xx, or an ERROR event of a watch. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** The reason of the API's Status object: `NotFound`, `Conflict`, `Expired`. */
  readonly reason: string;
  /** How long the server wants its client to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(
    call: string,
    answer: {
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterMs?: number | undefined;
    },
  ) {
    super(`${call}: ${answer.status} ${answer.message ?? answer.reason ?? ""}`.trimEnd());
    this.status = answer.status;
    this.reason = answer.reason ?? "";
    this.retryAfterMs = answer.retryAfterMs;
  }
}

/** The answer never came, or was cut, or cannot be read. Whether a write was executed is unknown. */
export class ApiUnreachable extends Error {
  override readonly name = "ApiUnreachable";
}

const has = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof ApiError && statuses.includes(error.status);

export const isNotFound = (error: unknown): boolean => has(error, 404);
/** The position in the history is not there any more: list again. */
export const isExpired = (error: unknown): boolean => has(error, 410);

/** The object changed since it was read, or another manager owns a field of it. */
export const isConflict = (error: unknown): boolean => has(error, 409) && !isAlreadyExists(error);

export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.reason === "AlreadyExists";

/** Reads a Status object; anything else gives what is known without it. */
export function errorOf(
  call: string,
  status: number,
  body: unknown,
  retryAfter: string | undefined,
): ApiError {
  const text = (field: string): string | undefined =>
    isRecord(body) && typeof body[field] === "string" ? body[field].slice(0, 2_000) : undefined;
  const details = isRecord(body) && isRecord(body["details"]) ? body["details"] : {};
  const seconds = Number(retryAfter ?? details["retryAfterSeconds"]);
  const reason = text("reason");
  const message = text("message");
  return new ApiError(call, {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
  });
}

/** How long the server wants to be left alone, in milliseconds; 0 if it doesn't say. */
export function retryAfterOf(error: unknown): number {
  return error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
}
