import { ApiError, ApiUnreachable } from "../errors.ts";
import { readProblem } from "./read-problem.ts";
import { readBounded } from "./bounded-body.ts";
import type { ByteStream } from "./byte-stream.ts";

export interface TransportOptions {
  /** `http://127.0.0.1:4600`; a path prefix is kept. */
  readonly baseUrl: string;
  /** Sent as a bearer token with every request. */
  readonly token?: string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Of one request and its whole answer; of a stream, until its head. Default 30,000 ms. */
  readonly timeoutMs?: number | undefined;
  /** Characters of an answer that is not a stream. Default 64 Mi. */
  readonly maxResponseLength?: number | undefined;
}

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Statuses that are answers although they are not 2xx. */
  readonly expected?: readonly number[] | undefined;
}

export interface Transport {
  readonly baseUrl: string;
  /** The parsed JSON object of an answer. Throws ApiError, ApiUnreachable, or the signal's reason. */
  json(call: Call): Promise<object>;
  /** The body of a streamed answer of the given media type. Throws like `json`. */
  stream(call: Call, mediaType: string): Promise<ByteStream>;
}

const defaultTimeoutMs = 30_000;
const defaultMaxResponseLength = 64 * 1024 * 1024;

export function createTransport(options: TransportOptions): Transport {
  const baseUrl = parseBaseUrl(options.baseUrl);
  const line: Line = {
    baseUrl,
    send: sender(options, baseUrl),
    maxLength: options.maxResponseLength ?? defaultMaxResponseLength,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
  };
  return {
    baseUrl,
    json: (call) => callJson(line, call),
    stream: (call, mediaType) => callStream(line, call, mediaType),
  };
}

interface Line {
  readonly baseUrl: string;
  readonly send: Send;
  readonly maxLength: number;
  readonly timeoutMs: number;
}

async function callJson(line: Line, call: Call): Promise<object> {
  const timeout = AbortSignal.timeout(line.timeoutMs);
  try {
    const response = await line.send(call, withSignal(call, timeout), "application/json");
    const text = await readBounded(response.body, line.maxLength);
    if (!isExpected(call, response)) throw refusal(line.baseUrl, response, text);
    return parseJson(line.baseUrl, text);
  } catch (error) {
    throw explain(error, line, call, timeout);
  }
}

/** The time-out ends with the head: what comes after may take forever. */
async function callStream(line: Line, call: Call, mediaType: string): Promise<ByteStream> {
  const head = new AbortController();
  const late = new DOMException("no answer in time", "TimeoutError");
  const timer = setTimeout(() => head.abort(late), line.timeoutMs);
  try {
    const response = await line.send(call, withSignal(call, head.signal), mediaType);
    if (!isExpected(call, response)) {
      throw refusal(line.baseUrl, response, await readBounded(response.body, line.maxLength));
    }
    const given = response.headers.get("content-type") ?? "";
    if (response.body !== null && given.startsWith(mediaType)) return response.body;
    await response.body?.cancel();
    const why = `the answer is not ${mediaType}; something else may listen there`;
    throw new ApiUnreachable(line.baseUrl, why);
  } catch (error) {
    throw explain(error, line, call, head.signal);
  } finally {
    clearTimeout(timer);
  }
}

function withSignal(call: Call, own: AbortSignal): AbortSignal {
  return call.signal === undefined ? own : AbortSignal.any([own, call.signal]);
}

type Send = (call: Call, signal: AbortSignal, accept: string) => Promise<Response>;

function sender(options: TransportOptions, baseUrl: string): Send {
  const send = options.fetch ?? globalThis.fetch;
  return (call, signal, accept) => {
    const headers: Record<string, string> = {
      accept: `${accept}, application/problem+json`,
      ...call.headers,
    };
    if (options.token !== undefined) headers["authorization"] = `Bearer ${options.token}`;
    if (call.body !== undefined) headers["content-type"] = "application/json";
    return send(`${baseUrl}${call.path}${formatQuery(call.query)}`, {
      method: call.method,
      headers,
      signal,
      // A redirect would send the token to another server.
      redirect: "error",
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    });
  };
}

function parseBaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError(
      `baseUrl ${JSON.stringify(text)} is not an http or https URL, such as http://127.0.0.1:4600`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function formatQuery(query: Call["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function isExpected(call: Call, response: Response): boolean {
  return response.ok || (call.expected ?? []).includes(response.status);
}

function parseJson(baseUrl: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ApiUnreachable(baseUrl, "the answer is not JSON; something else may listen there", {
      cause: error,
    });
  }
  // Every answer of the API is one.
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  const why = "the answer is not a JSON object; something else may listen there";
  throw new ApiUnreachable(baseUrl, why);
}

function refusal(baseUrl: string, response: Response, text: string): Error {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const problem = readProblem(body);
  if (problem !== undefined) return new ApiError(problem);
  return new ApiUnreachable(
    baseUrl,
    `status ${response.status} without a problem; something else may listen there`,
  );
}

function explain(error: unknown, line: Line, call: Call, timeout: AbortSignal): unknown {
  if (ApiError.is(error) || ApiUnreachable.is(error)) return error;
  if (call.signal?.aborted === true) return call.signal.reason;
  const why = timeout.aborted
    ? `${call.method} ${call.path} took more than ${line.timeoutMs} ms`
    : describeCause(error);
  return new ApiUnreachable(line.baseUrl, why, { cause: error });
}

/** fetch says "fetch failed"; what happened is in the cause. */
function describeCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause;
  if (!(cause instanceof Error)) return error.message;
  // A refused connection to several addresses has an empty message; its code says it.
  const code: unknown = Reflect.get(cause, "code");
  if (cause.message !== "") return cause.message;
  return typeof code === "string" ? code : error.message;
}
