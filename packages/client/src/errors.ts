import { type Problem, type ProblemCode, problemCodes } from "./api/problem.ts";

const brand = Symbol.for("cocktail.client.error");

/** The control plane answered, and refused. Branch on `code`, never on the message. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;
  readonly status: number;
  readonly code: ProblemCode;
  readonly retryable: boolean;

  constructor(problem: Problem) {
    super(problem.detail === "" ? problem.title : problem.detail);
    this.problem = problem;
    this.status = problem.status;
    this.code = problem.code;
    this.retryable = problem.retryable;
    mark(this, "ApiError");
  }

  /** Two copies of this package may share a process, so `instanceof` is not enough. */
  static is(value: unknown): value is ApiError {
    return markOf(value) === "ApiError";
  }
}

/**
 * No answer of the control plane: refused, timed out, cut off, or something else listens there. Whether a change was made
 * is unknown; every write of the API may be repeated.
 */
export class ApiUnreachable extends Error {
  override readonly name = "ApiUnreachable";
  /** The base URL that was tried. */
  readonly baseUrl: string;
  readonly fix: string;
  readonly retryable = true;

  constructor(baseUrl: string, why: string, options?: ErrorOptions) {
    super(`no answer of the control plane at ${baseUrl}: ${why}`, options);
    this.baseUrl = baseUrl;
    this.fix = "check that the control plane is running, and its address";
    mark(this, "ApiUnreachable");
  }

  static is(value: unknown): value is ApiUnreachable {
    return markOf(value) === "ApiUnreachable";
  }
}

/** The problem in a parsed body, or undefined where it is not one of ours. */
export function readProblem(body: unknown): Problem | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const status: unknown = Reflect.get(body, "status");
  const code = problemCodes.find((known) => known === textOf(body, "code"));
  const title = textOf(body, "title");
  if (code === undefined || title === undefined || typeof status !== "number") return undefined;
  const errors = readFaults(Reflect.get(body, "errors"));
  return {
    type: textOf(body, "type") ?? "about:blank",
    title,
    status,
    detail: textOf(body, "detail") ?? "",
    code,
    ...reasonOf(body),
    ...paramsOf(body),
    fix: textOf(body, "fix") ?? "",
    retryable: Reflect.get(body, "retryable") === true,
    ...(errors.length > 0 && { errors }),
  };
}

function reasonOf(body: object): Pick<Problem, "reason"> {
  const reason = textOf(body, "reason");
  return reason === undefined ? {} : { reason };
}

function paramsOf(body: object): Pick<Problem, "params"> {
  const params: unknown = Reflect.get(body, "params");
  if (typeof params !== "object" || params === null) return {};
  const texts = Object.entries(params).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return { params: Object.fromEntries(texts) };
}

function textOf(body: object, name: string): string | undefined {
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" ? value : undefined;
}

function readFaults(
  value: unknown,
): readonly { readonly path: string; readonly message: string }[] {
  if (!Array.isArray(value)) return [];
  const faults: { readonly path: string; readonly message: string }[] = [];
  for (const fault of value) {
    const path: unknown = Reflect.get(Object(fault), "path");
    const message: unknown = Reflect.get(Object(fault), "message");
    if (typeof path === "string" && typeof message === "string") faults.push({ path, message });
  }
  return faults;
}

/** Not enumerable: kept out of logs and JSON. */
function mark(error: Error, kind: string): void {
  Object.defineProperty(error, brand, { value: kind });
}

function markOf(value: unknown): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, brand) : undefined;
}
