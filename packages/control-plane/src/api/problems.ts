import type { Problem, ProblemCode } from "@cocktail/client";

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

/** All problems of the API. docs/reference/api.md lists the same, and a test compares them. */
export const problemKinds: Readonly<Record<ProblemCode, Kind>> = {
  INVALID: { status: 400, title: "The request is not valid", retryable: false },
  UNAUTHORIZED: { status: 401, title: "A token is required", retryable: false },
  FORBIDDEN_HOST: { status: 403, title: "Host not allowed", retryable: false },
  FORBIDDEN_ORIGIN: { status: 403, title: "Origin not allowed", retryable: false },
  NOT_FOUND: { status: 404, title: "Not found", retryable: false },
  CONFLICT: { status: 409, title: "Conflict with an existing object", retryable: false },
  REFUSED: { status: 422, title: "Refused", retryable: false },
  UNCOMMITTED_WORK: { status: 422, title: "Uncommitted work would be lost", retryable: false },
  NO_REPOSITORY: { status: 422, title: "No git repository", retryable: false },
  TOO_LARGE: { status: 413, title: "The request is too large", retryable: false },
  STORE_UNAVAILABLE: { status: 503, title: "The store is not available", retryable: true },
  NOT_READY: { status: 503, title: "Not ready", retryable: true },
  INTERNAL: { status: 500, title: "Internal error", retryable: false },
};

export interface ProblemDetails {
  /** What happened to which object, and why. */
  readonly detail: string;
  readonly fix: string;
  /** One UpperCamel word. */
  readonly reason?: string | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly errors?: Problem["errors"];
  /** Overrides the status of the code, for example 405. */
  readonly status?: number | undefined;
}

export function problemOf(code: ProblemCode, details: ProblemDetails): Problem {
  const { title, retryable, status } = problemKinds[code];
  return {
    type: `urn:cocktail:problem:${code.toLowerCase().replaceAll("_", "-")}`,
    title,
    status: details.status ?? status,
    detail: details.detail,
    code,
    ...(details.reason !== undefined && { reason: details.reason }),
    ...(details.params !== undefined && { params: details.params }),
    fix: details.fix,
    retryable,
    ...(details.errors !== undefined && { errors: details.errors }),
  };
}

/** Thrown by request handlers; the error handler answers with its problem. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(code: ProblemCode, details: ProblemDetails) {
    super(details.detail);
    this.problem = problemOf(code, details);
  }
}
