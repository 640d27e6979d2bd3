const brand = Symbol.for("cocktail.store.error");

/** The store is away. Reads and writes may be repeated; whether a write that failed so was made is not known. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly retryable = true;

  constructor(why: string, options?: ErrorOptions) {
    super(`the store is not available: ${why}`, options);
    mark(this, "StoreUnavailable");
  }

  static is(value: unknown): value is StoreUnavailable {
    return markOf(value) === "StoreUnavailable";
  }
}

/** A table that no reader would accept was to be appended: a fault of the planner. */
export class InvalidTable extends Error {
  override readonly name = "InvalidTable";
}

/** What is stored is not what this version writes. */
export class StoreCorrupt extends Error {
  override readonly name = "StoreCorrupt";
}

/** Not enumerable: kept out of logs and JSON. */
function mark(error: Error, kind: string): void {
  Object.defineProperty(error, brand, { value: kind });
}

function markOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, brand) : undefined;
}
