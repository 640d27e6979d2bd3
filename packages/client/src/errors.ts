import type { Problem, ProblemCode } from "./api/problem.ts";

const brand = Symbol.for("cocktail.client.error");

/** Every error that this package throws on purpose. Branch on `code`, never on the message. */
export abstract class ClientError extends Error {
  abstract readonly code: string;
  /** What to do now. */
  abstract readonly fix: string;
  /** The same call may succeed later. */
  abstract readonly retryable: boolean;

  constructor(kind: string, message: string, options?: ErrorOptions) {
    super(message, options);
    // Two copies of this package may share a process, so `instanceof` is not enough. Not enumerable: kept out of logs and JSON.
    Object.defineProperty(this, brand, { value: kind });
  }

  /** `ApiError.is(error)`: of this class; `ClientError.is(error)`: of any of them. Also of another copy of this package. */
  static is<C extends abstract new (...args: never[]) => ClientError>(
    this: C,
    value: unknown,
  ): value is InstanceType<C> {
    const kind: unknown =
      typeof value === "object" && value !== null ? Reflect.get(value, brand) : undefined;
    return kind !== undefined && (this.name === ClientError.name || this.name === kind);
  }
}

/** The control plane answered, and refused. */
export class ApiError extends ClientError {
  override readonly name = "ApiError";
  readonly problem: Problem;
  readonly status: number;
  readonly code: ProblemCode;
  readonly fix: string;
  readonly retryable: boolean;

  constructor(problem: Problem) {
    super("ApiError", problem.detail === "" ? problem.title : problem.detail);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.fix = problem.fix;
    this.retryable = problem.retryable;
  }
}

/**
 * No answer of the control plane: refused, timed out, cut off, or something else listens there. Whether a change was made
 * is unknown; every write of the API may be repeated.
 */
export class ApiUnreachable extends ClientError {
  override readonly name = "ApiUnreachable";
  readonly code = "API_UNREACHABLE";
  /** The base URL that was tried. */
  readonly baseUrl: string;
  readonly fix = "check that the control plane is running, and its address";
  readonly retryable = true;

  constructor(baseUrl: string, why: string, options?: ErrorOptions) {
    super("ApiUnreachable", `no answer of the control plane at ${baseUrl}: ${why}`, options);
    this.baseUrl = baseUrl;
  }
}

/** The reader did not reach the epoch in time. */
export class TableBehind extends ClientError {
  override readonly name = "TableBehind";
  readonly code = "TABLE_BEHIND";
  readonly fix = "check that the control plane is running; the reader goes on by itself";
  readonly retryable = true;
  readonly epoch: number;
  /** Undefined where there is no table yet. */
  readonly at: number | undefined;

  constructor(epoch: number, at: number | undefined, timeoutMs: number) {
    const where = at === undefined ? "has no table yet" : `is at epoch ${at}`;
    super(
      "TableBehind",
      `the reader ${where} after ${timeoutMs} ms, not at ${epoch}: the control plane may be away`,
    );
    this.epoch = epoch;
    this.at = at;
  }
}

/** The reader was closed while, or before, somebody waited. */
export class ReaderClosed extends ClientError {
  override readonly name = "ReaderClosed";
  readonly code = "READER_CLOSED";
  readonly fix = "open another reader";
  readonly retryable = false;

  constructor() {
    super("ReaderClosed", "the reader of the route table is closed");
  }
}
