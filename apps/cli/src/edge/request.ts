import { type IncomingHttpHeaders, type IncomingMessage, request as send } from "node:http";
import { request as sendSecure } from "node:https";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";

export interface EdgeRequest {
  readonly url: URL;
  /** Where to connect instead of what the URL's host resolves to. */
  readonly connectTo?: string | undefined;
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
  /** Without a byte from the other side. Default 30,000 ms. */
  readonly idleMs?: number | undefined;
}

export interface EdgeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
}

const defaultIdleMs = 30_000;
const maxHeaderSize = 64 * 1024;

/**
 * A request with the URL's host as Host, whatever resolves: `*.localhost` does so in browsers and curl, but not in Node,
 * Python or musl, so those names always mean the loopback address.
 */
export async function requestEdge(wanted: EdgeRequest): Promise<EdgeAnswer> {
  const { url, signal, body: sent } = wanted;
  const idleMs = wanted.idleMs ?? defaultIdleMs;
  try {
    const answer = await new Promise<IncomingMessage>((settle, reject) => {
      const request = (url.protocol === "https:" ? sendSecure : send)({
        host: wanted.connectTo ?? addressOf(url.hostname),
        port: url.port === "" ? undefined : Number(url.port),
        path: `${url.pathname}${url.search}`,
        method: wanted.method ?? (sent === undefined ? "GET" : "POST"),
        headers: {
          host: url.host,
          "user-agent": "cocktail",
          accept: "*/*",
          ...lengthOf(sent),
          ...wanted.headers,
        },
        // No pool: a command makes one request, and an idle connection would keep it from ending.
        agent: false,
        signal,
        maxHeaderSize,
      });
      request.setTimeout(idleMs, () =>
        request.destroy(new Error(`nothing came for ${idleMs / 1000} s`)),
      );
      request.once("response", settle).once("error", reject);
      request.end(sent);
    });
    const body = bodyOf(answer, wanted);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body };
  } catch (error) {
    throw causeOf(error, wanted);
  }
}

/** An answer may also end in its middle. */
async function* bodyOf(answer: AsyncIterable<Buffer>, wanted: EdgeRequest): AsyncGenerator<Buffer> {
  try {
    yield* answer;
  } catch (error) {
    throw causeOf(error, wanted);
  }
}

function causeOf(error: unknown, { signal, url }: EdgeRequest): unknown {
  return signal.aborted ? signal.reason : requestFailed(url, error);
}

/** The first `limit` characters of an answer as text. */
export async function readText(answer: EdgeAnswer, limit = 1024 * 1024): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > limit) return text.slice(0, limit);
  }
  return text + decoder.decode();
}

/** One value of a header; its lines joined where it was repeated. */
export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Names below `.localhost` are the loopback address (RFC 6761 6.3), whether or not something resolves them. */
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
      message: `${url.href} gave no whole answer: ${message}`,
      fix:
        code === "ENOTFOUND"
          ? "use the URL that `cocktail status` shows"
          : "see whether it runs: cocktail status",
      retryable: true,
      exitCode: exitCodes.error,
    },
    { cause: error },
  );
}
