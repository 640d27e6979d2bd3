import type { Problem, ProblemCode } from "@cocktail/client";

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly retryable: boolean;
}

/** Every problem this API answers with. docs/reference/api.md lists the same, and a test compares them. */
export const problemKinds: Readonly<Record<ProblemCode, Kind>> = {
  INVALID: { status: 400, title: "The request is not valid", retryable: false },
  UNAUTHORIZED: { status: 401, title: "A token is needed", retryable: false },
  FORBIDDEN_HOST: { status: 403, title: "This Host is not served", retryable: false },
  NOT_FOUND: { status: 404, title: "Not found", retryable: false },
  CONFLICT: { status: 409, title: "In conflict with what is there", retryable: false },
  REFUSED: { status: 422, title: "Refused", retryable: false },
  UNCOMMITTED_WORK: { status: 422, title: "Uncommitted work would be lost", retryable: false },
  NO_REPOSITORY: { status: 422, title: "No git repository", retryable: false },
  TOO_LARGE: { status: 413, title: "The request is too large", retryable: false },
  STORE_UNAVAILABLE: { status: 503, title: "The store is not available", retryable: true },
  NOT_READY: { status: 503, title: "Not ready", retryable: true },
  INTERNAL: { status: 500, title: "A fault of the control plane", retryable: false },
};

export interface ProblemDetails {
  /** What, where and why. */
  readonly detail: string;
  readonly fix: string;
  /** One UpperCamel word. */
  readonly reason?: string | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly errors?: Problem["errors"];
  /** Where another one than the code's says more, such as 405. */
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

/** An answer that is a problem. Thrown by what handles a request, and written by the one error handler. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(code: ProblemCode, details: ProblemDetails) {
    super(details.detail);
    this.problem = problemOf(code, details);
  }
}
