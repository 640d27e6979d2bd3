import { Readable } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node";
import { backoffMs, type Clock, pause, systemClock } from "@cocktail/work-queue";
import type { Dispatcher } from "undici";
import { type Api, type ApiRequest, describeRequest } from "./api.ts";
import { ApiError, ApiUnreachable, errorOf } from "./api-error.ts";
import { Connections } from "./connection.ts";
import { readLines } from "./lines.ts";

export interface HttpApiOptions {
  readonly config: KubeConfig;
  /** In logs of the API server. */
  readonly userAgent: string;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  /** Called once for every answer; `code` is `<error>` where none came. */
  readonly onAnswer?:
    | ((answer: { readonly code: string; readonly method: string; readonly host: string }) => void)
    | undefined;
  readonly limits?: Partial<HttpApiLimits> | undefined;
}

export interface HttpApiLimits {
  /** For an answer, unless the request says otherwise, in milliseconds. */
  readonly timeoutMs: number;
  /** How often a request is sent that the server turns away, unless the request says otherwise. */
  readonly tries: number;
  /** The longest `Retry-After` that is obeyed while the caller waits. Above it, the caller gets the error. */
  readonly longestRetryAfterMs: number;
  readonly bodyBytes: number;
  /** One line of a watch: one object. */
  readonly lineBytes: number;
}

const defaults: HttpApiLimits = {
  timeoutMs: 30_000,
  tries: 4,
  longestRetryAfterMs: 10_000,
  bodyBytes: 128 * 2 ** 20,
  lineBytes: 16 * 2 ** 20,
};

const errorBodyBytes = 64 * 2 ** 10;

/** The API over HTTP/1.1, with the credentials of a kubeconfig or of a pod. */
export class HttpApi implements Api {
  readonly #options: HttpApiOptions;
  readonly #limits: HttpApiLimits;
  readonly #connections: Connections;
  readonly #closed = new AbortController();

  constructor(options: HttpApiOptions) {
    this.#options = options;
    this.#limits = { ...defaults, ...options.limits };
    this.#connections = new Connections(options.config);
  }

  async request(request: ApiRequest): Promise<unknown> {
    const { timeoutMs = this.#limits.timeoutMs } = request;
    return await this.#retrying(request, async () => {
      const timeout = AbortSignal.timeout(timeoutMs);
      const { answer, call } = await this.#send(request, timeout);
      const text = await this.#orUnreachable(request, timeout, () =>
        readText(answer.body, this.#limits.bodyBytes),
      );
      return parseJson(call, text);
    });
  }

  async stream(request: ApiRequest): Promise<AsyncIterable<string>> {
    const head = new AbortController();
    const { timeoutMs = this.#limits.timeoutMs } = request;
    return await this.#retrying(request, async () => {
      const timer = setTimeout(() => head.abort(timedOut(timeoutMs)), timeoutMs);
      try {
        const { answer } = await this.#send(request, head.signal);
        return readLines(answer.body, this.#limits.lineBytes);
      } finally {
        clearTimeout(timer);
      }
    });
  }

  /** Ends all requests and sockets. */
  async close(): Promise<void> {
    this.#closed.abort(new ApiUnreachable("the API client is closed"));
    await this.#connections.close();
  }

  async #retrying<T>(request: ApiRequest, attempt: () => Promise<T>): Promise<T> {
    const { clock = systemClock, random } = this.#options;
    const { tries = this.#limits.tries, signal } = request;
    const stop = AbortSignal.any([this.#closed.signal, ...(signal === undefined ? [] : [signal])]);
    for (let failures = 1; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        const wait = failures < tries ? this.#patienceFor(error) : undefined;
        if (wait === undefined) throw error;
        // Those that were turned away together don't come back together.
        const spread = backoffMs(failures, { firstMs: 100, longestMs: 2_000, random });
        await pause(clock, wait + spread, stop);
        stop.throwIfAborted();
      }
    }
  }

  /** Only where the server says that it did nothing and wants to be asked again. */
  #patienceFor(error: unknown): number | undefined {
    if (!(error instanceof ApiError) || error.retryAfterMs === undefined) return undefined;
    if (error.status !== 429 && error.status !== 503) return undefined;
    return error.retryAfterMs <= this.#limits.longestRetryAfterMs ? error.retryAfterMs : undefined;
  }

  async #send(
    request: ApiRequest,
    timeout: AbortSignal,
  ): Promise<{ readonly answer: Dispatcher.ResponseData; readonly call: string }> {
    const call = describeRequest(request);
    const { server, headers, dispatcher } = await this.#connections.current();
    const report = (code: string): void =>
      this.#options.onAnswer?.({ code, method: request.method, host: server.host });
    const base = server.pathname.replace(/\/$/, "");
    request.signal?.throwIfAborted();
    request.guard?.();
    const body = bodyOf(request);
    const answer = await this.#orUnreachable(request, timeout, () =>
      dispatcher.request({
        origin: server.origin,
        path: `${base}${request.path}${queryOf(request)}`,
        method: request.method,
        headers: {
          ...headers,
          accept: "application/json",
          "user-agent": this.#options.userAgent,
          ...body?.headers,
        },
        ...(body === undefined ? {} : { body: body.content }),
        signal: this.#signalOf(request, timeout),
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
    ).catch((error: unknown) => {
      report("<error>");
      throw error;
    });
    report(String(answer.statusCode));
    if (answer.statusCode >= 200 && answer.statusCode < 300) return { answer, call };
    const text = await this.#orUnreachable(request, timeout, () =>
      readText(answer.body, errorBodyBytes),
    );
    const retryAfter = answer.headers["retry-after"];
    throw errorOf(
      call,
      answer.statusCode,
      parseStatus(text),
      typeof retryAfter === "string" ? retryAfter : undefined,
    );
  }

  #signalOf({ signal }: ApiRequest, timeout: AbortSignal): AbortSignal {
    return AbortSignal.any([
      timeout,
      this.#closed.signal,
      ...(signal === undefined ? [] : [signal]),
    ]);
  }

  async #orUnreachable<T>(
    request: ApiRequest,
    timeout: AbortSignal,
    act: () => Promise<T>,
  ): Promise<T> {
    try {
      return await act();
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof ApiUnreachable) throw error;
      const cause: unknown = timeout.aborted ? timeout.reason : error;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ApiUnreachable(`${describeRequest(request)}: ${why}`, { cause });
    }
  }
}

const timedOut = (ms: number): DOMException =>
  new DOMException(`no answer within ${ms} ms`, "TimeoutError");

interface Body {
  readonly content: string | Readable;
  readonly headers: Readonly<Record<string, string>>;
}

function bodyOf({ body, contentType = "application/json", guard }: ApiRequest): Body | undefined {
  if (body === undefined) return undefined;
  const text = JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  const headers = { "content-type": contentType, "content-length": length };
  if (guard === undefined) return { content: text, headers };
  // A connection may have to be made first, and the process may be paused meanwhile. This runs when the request is written to it.
  function* guarded(): Generator<Buffer> {
    guard?.();
    yield Buffer.from(text);
  }
  return { content: Readable.from(guarded()), headers };
}

function queryOf({ query = {} }: ApiRequest): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > limit) throw new ApiUnreachable(`the answer exceeds the limit of ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parseJson(call: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiUnreachable(`${call}: the answer is not JSON, or was cut`, { cause: error });
  }
}

function parseStatus(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Proxies and load balancers answer in HTML; the status says enough.
    return undefined;
  }
}
