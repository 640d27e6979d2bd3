const brand = Symbol.for("cocktail.control-plane.error");

export const controlPlaneErrorCodes = [
  /** The store is away. Retry reads and writes; whether a failed write was executed is unknown. */
  "STORE_UNAVAILABLE",
  /** The stored data is not in the format of this version. */
  "STORE_CORRUPT",
  /** The table to append is invalid: a defect of the planner. */
  "TABLE_INVALID",
  /** The watch can't be resumed: list again. */
  "WATCH_EXPIRED",
  /** The control plane is starting or stopping. */
  "NOT_READY",
] as const;
export type ControlPlaneErrorCode = (typeof controlPlaneErrorCodes)[number];

/** Every error that this package throws on purpose. Branch on `code`. */
export class ControlPlaneError extends Error {
  override readonly name = "ControlPlaneError";
  readonly code: ControlPlaneErrorCode;

  constructor(code: ControlPlaneErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    // Two copies of a package may share a process. Not enumerable: kept out of logs and JSON.
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for an error of this family, and of this code where one is given. */
  static is(value: unknown, code?: ControlPlaneErrorCode): value is ControlPlaneError {
    if (typeof value !== "object" || value === null || !(brand in value)) return false;
    return code === undefined || Reflect.get(value, "code") === code;
  }

  /** The error is transient: the operation can be retried. */

  get retryable(): boolean {
    return this.code === "STORE_UNAVAILABLE" || this.code === "NOT_READY";
  }
}

export function storeUnavailable(why: string, options?: ErrorOptions): ControlPlaneError {
  return new ControlPlaneError("STORE_UNAVAILABLE", `the store is not available: ${why}`, options);
}

export function storeCorrupt(message: string): ControlPlaneError {
  return new ControlPlaneError("STORE_CORRUPT", message);
}

export function isStoreUnavailable(value: unknown): value is ControlPlaneError {
  return ControlPlaneError.is(value, "STORE_UNAVAILABLE");
}

export function notAccepted(why: "starting" | "stopping"): ControlPlaneError {
  return new ControlPlaneError(
    "NOT_READY",
    `changes are not accepted: the control plane is ${why}`,
  );
}
