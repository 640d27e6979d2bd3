const brand = Symbol.for("cocktail.control-plane.error");

export const controlPlaneErrorCodes = [
  /** The store is away. Reads and writes may be repeated; whether a write that failed so was made is not known. */
  "STORE_UNAVAILABLE",
  /** What is stored is not what this version writes. */
  "STORE_CORRUPT",
  /** A table that no reader would accept was to be appended: a defect of the planner. */
  "TABLE_INVALID",
  /** A watch can't go on from where it was: list again. */
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

  /** The operation may be repeated: the error passes. */
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
