import type { ProblemCode } from "./problem.ts";

/** Why a request to a variant failed. */
export interface Failure {
  readonly code: ProblemCode;
  /** Continues "service:key ...". */
  readonly what: string;
  /** The error code of HTTP/2 that the variant ended the stream with. */
  readonly reset?: number | undefined;
}

const exact: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { code: "VariantUnavailable", what: "refuses connections" },
  UND_ERR_CONNECT_TIMEOUT: { code: "VariantUnavailable", what: "does not accept connections" },
  ETIMEDOUT: { code: "VariantUnavailable", what: "does not accept connections" },
  ENOTFOUND: { code: "VariantUnavailable", what: "has a host name that does not resolve" },
  ECONNRESET: { code: "VariantUnavailable", what: "closed the connection before it responded" },
  EPIPE: { code: "VariantUnavailable", what: "closed the connection before it responded" },
  UND_ERR_SOCKET: { code: "VariantUnavailable", what: "closed the connection before it responded" },
  ERR_HTTP2_STREAM_ERROR: {
    code: "VariantUnavailable",
    what: "reset the stream before it responded",
  },
  ERR_HTTP2_ERROR: { code: "VariantProtocolError", what: "does not speak HTTP/2 without TLS" },
  UND_ERR_HEADERS_TIMEOUT: { code: "VariantTimeout", what: "did not begin to respond in time" },
  UND_ERR_HEADERS_OVERFLOW: {
    code: "VariantProtocolError",
    what: "answered with headers that exceed the limit",
  },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    code: "VariantProtocolError",
    what: "sent a body whose length is not its Content-Length",
  },
};

interface WithCode {
  readonly code?: unknown;
  readonly errors?: readonly unknown[];
}

/** The code of an error, also of the first one in an AggregateError (a host with several addresses). */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const { code, errors } = error as WithCode;
  if (typeof code === "string") return code;
  return errors === undefined ? "" : codeOf(errors[0]);
}

/** Maps an error to a failure by its code; an unknown code means that the variant is unavailable. */
export function describeFailure(error: Error): Failure {
  const code = codeOf(error);
  // When a session fails, its streams report only that they were cancelled.
  if (code === "ERR_HTTP2_STREAM_CANCEL" && error.cause instanceof Error) {
    return describeFailure(error.cause);
  }
  const violation = describeViolation(error, code);
  if (violation !== undefined) return violation;
  const known = Object.hasOwn(exact, code) ? exact[code] : undefined;
  if (known !== undefined) return known;
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    return { code: "MalformedRequest", what: `cannot be sent this request: ${error.message}` };
  }
  return { code: "VariantUnavailable", what: `cannot be reached (${code || error.message})` };
}

/** The error codes of RFC 9113 7, by number. */
const resetNames = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];
/** A variant that resets a stream so is busy; with any other code it failed. */
const busyResets: ReadonlySet<string> = new Set(["REFUSED_STREAM", "ENHANCE_YOUR_CALM"]);

/** A stream of HTTP/2 that the variant reset. */
export function describeReset(code: number): Failure {
  const name = resetNames[code] ?? `code ${code}`;
  if (busyResets.has(name))
    return { code: "VariantUnavailable", what: `takes no more requests for now (${name})` };
  if (name === "HTTP_1_1_REQUIRED")
    return { code: "VariantProtocolError", what: "requires HTTP/1.1 for this request" };
  return { code: "VariantProtocolError", what: `reset the stream (${name})` };
}

/** Protocol errors that undici reports without a code of their own. */
function describeViolation({ name, message }: Error, code: string): Failure | undefined {
  // undici uses these messages only for a 101 (a 100 is dropped before), and closes the connection.
  if (code === "UND_ERR_SOCKET" && /^bad (?:response|upgrade)$/.test(message)) {
    return {
      code: "VariantProtocolError",
      what: "answered 101, which was not requested",
    };
  }
  if (name === "HTTPParserError" || code.startsWith("HPE_")) {
    return { code: "VariantProtocolError", what: `did not answer in HTTP (${message})` };
  }
  return undefined;
}

export interface RetryFacts {
  readonly method: string;
  readonly hasBody: boolean;
  /** The connection had carried a response before. */
  readonly reused: boolean;
  /** Any byte of a response arrived, 1xx included. */
  readonly answered: boolean;
  readonly attempts: number;
}

/** RFC 9110 9.2.1 and 9.2.2: those that are safe besides, so that a second arrival changes nothing. */
export function isIdempotent(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/** More than one retry: servers close idle connections together, so the next one may be closed, too. */
const maxAttempts = 4;

/**
 * A server may close an idle connection while a request is written to it. A request is retried only then, and only if it
 * is idempotent (RFC 9110 9.2.2).
 */
export function mayRetry({ method, hasBody, reused, answered, attempts }: RetryFacts): boolean {
  return attempts < maxAttempts && reused && !answered && !hasBody && isIdempotent(method);
}
