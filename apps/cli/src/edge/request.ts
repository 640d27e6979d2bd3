import { type IncomingHttpHeaders, type IncomingMessage, request as send } from "node:http";
import { request as sendSecure } from "node:https";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";

export interface EdgeRequest {
  readonly url: URL;
  /** The address to connect to, instead of resolving the URL's host. */
  readonly connectTo?: string | undefined;
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
  /** Timeout without a received byte. Default 30,000 ms. */
  readonly idleMs?: number | undefined;
}

export interface EdgeResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
}

const defaultIdleMs = 30_000;
const maxHeaderSize = 64 * 1024;

/**
 * Sends a request with the URL's host as Host. `*.localhost` always means the loopback address: browsers and curl resolve
 * it, but Node, Python and musl do not.
 */
export async function requestEdge(options: EdgeRequest): Promise<EdgeResponse> {
  const { url, signal, body: sent } = options;
  const idleMs = options.idleMs ?? defaultIdleMs;
  try {
    const response = await new Promise<IncomingMessage>((settle, reject) => {
      const request = (url.protocol === "https:" ? sendSecure : send)({
        host: options.connectTo ?? addressOf(url.hostname),
        port: url.port === "" ? undefined : Number(url.port),
        path: `${url.pathname}${url.search}`,
        method: options.method ?? (sent === undefined ? "GET" : "POST"),
        headers: {
          host: url.host,
          "user-agent": "cocktail",
          accept: "*/*",
          ...lengthOf(sent),
          ...options.headers,
        },
        // No pool: a command sends one request, and an idle connection would keep the process alive.
        agent: false,
        signal,
        maxHeaderSize,
      });
      request.setTimeout(idleMs, () =>
        request.destroy(new Error(`no data received for ${idleMs / 1000} s`)),
      );
      request.once("response", settle).once("error", reject);
      request.end(sent);
    });
    const body = bodyOf(response, options);
    return { status: response.statusCode ?? 0, headers: response.headers, body };
  } catch (error) {
    throw causeOf(error, options);
  }
}

/** Maps errors in the middle of the response too. */
async function* bodyOf(
  response: AsyncIterable<Buffer>,
  options: EdgeRequest,
): AsyncGenerator<Buffer> {
  try {
    yield* response;
  } catch (error) {
    throw causeOf(error, options);
  }
}

function causeOf(error: unknown, { signal, url }: EdgeRequest): unknown {
  return signal.aborted ? signal.reason : requestFailed(url, error);
}

/** The first `limit` characters of a response body. */
export async function readText(response: EdgeResponse, limit = 1024 * 1024): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > limit) return text.slice(0, limit);
  }
  return text + decoder.decode();
}

/** The value of a header; repeated lines are joined. */
export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Names below `.localhost` are the loopback address (RFC 6761 6.3), whether or not they resolve. */
export function addressOf(hostname: string): string {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return "127.0.0.1";
  return hostname.replace(/^\[|\]$/g, "");
}

function lengthOf(body: string | undefined): Readonly<Record<string, string>> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
}

function requestFailed(url: URL, error: unknown): Failure {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  const message = error instanceof Error && error.message !== "" ? error.message : String(code);
  return new Failure(
    {
      code: "REQUEST_FAILED",
      message: `the request to ${url.href} failed: ${message}`,
      fix:
        code === "ENOTFOUND"
          ? "use the URL that `cocktail status` shows"
          : "check that it is running: cocktail status",
      retryable: true,
      exitCode: exitCodes.error,
    },
    { cause: error },
  );
}
