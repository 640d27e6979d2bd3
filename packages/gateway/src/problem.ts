/** Every response of the gateway itself: status and title. The name is the code, the log field and the metric label. */
export const problems = {
  MalformedRequest: [400, "The request is not well-formed HTTP"],
  UnknownService: [404, "No such service"],
  UnknownHost: [404, "No service at this host"],
  NotAnEntry: [404, "This service has no virtual host"],
  UnknownEnvironment: [404, "No such environment"],
  NoSuchPage: [404, "The gateway has no such page"],
  MethodNotAllowed: [405, "This method is not allowed here"],
  RequestTimeout: [408, "The request was not received in time"],
  BodyTooLarge: [413, "The body is too large"],
  TargetTooLong: [414, "The URL is too long"],
  ExpectationFailed: [417, "The expectation can't be met"],
  OutsideDomain: [421, "This host is outside the domain"],
  StrictMiss: [424, "The strict route is not fully live"],
  HeadTooLarge: [431, "The request's headers are too large"],
  MethodNotImplemented: [501, "This method is not known"],
  VariantProtocolError: [502, "The variant sent an invalid response"],
  NoVariant: [503, "No live variant for this route"],
  VariantUnavailable: [503, "The variant is down"],
  TooManyConnections: [503, "Too many connections"],
  VariantTimeout: [504, "The variant did not respond in time"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof problems;

/** An RFC 9457 problem before it is rendered. */
export interface Problem {
  readonly code: ProblemCode;
  /** What happened, with names. */
  readonly detail: string;
  /** What to do about it. */
  readonly fix: string;
  readonly service?: string | undefined;
  /** `service:key`. */
  readonly variant?: string | undefined;
  /** What the route named that is not live. */
  readonly missed?: readonly string[] | undefined;
  /** True if the connection must be closed after the response. */
  readonly close?: boolean | undefined;
}

export function statusOf(problem: Problem): number {
  return problems[problem.code][0];
}

const retryable: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "RequestTimeout",
  "VariantUnavailable",
  "TooManyConnections",
  "VariantTimeout",
]);

/** The body: `application/problem+json`. */
export function renderProblem(problem: Problem): string {
  const [status, title] = problems[problem.code];
  const { code, detail, fix, service, variant, missed } = problem;
  return JSON.stringify({
    type: `urn:cocktail:problem:${code}`,
    title,
    status,
    detail,
    code,
    fix,
    retryable: retryable.has(code),
    service,
    variant,
    missed,
  });
}

/** gRPC's mapping of HTTP statuses, for clients that read `grpc-status` and no body. */
const grpcStatuses: Readonly<Record<number, number>> = {
  400: 3,
  404: 12,
  405: 12,
  408: 4,
  413: 8,
  414: 3,
  417: 3,
  421: 12,
  424: 9,
  431: 8,
  501: 12,
  502: 13,
  503: 14,
  504: 4,
};

export function grpcStatusOf(problem: Problem): number {
  return grpcStatuses[statusOf(problem)] ?? 2;
}

/** `grpc-message`: percent-encoded but for printable ASCII (gRPC over HTTP/2, Responses). */
export function grpcMessageOf(problem: Problem): string {
  // A lone surrogate, left by truncation, has no encoding.
  return `${problem.code}: ${problem.detail}`
    .toWellFormed()
    .replace(/[^\x20-\x24\x26-\x7e]/gu, encodeURIComponent);
}
