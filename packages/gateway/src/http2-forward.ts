import { type ClientHttp2Stream, constants } from "node:http2";
import type { Exchange } from "./exchange.ts";
import { describeFailure } from "./failure.ts";
import { toHttp2Request, toTrailerObject, withoutPseudo } from "./http2-headers.ts";
import { readResponseHead } from "./response-head.ts";

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR } = constants;

/** Sends an exchange to a variant over h2c and its answer back, trailers both ways. */
export class Http2Forward {
  readonly #exchange: Exchange;
  readonly #headers: string[];
  #trailers: string[] = [];

  constructor(exchange: Exchange, headers: string[]) {
    this.#exchange = exchange;
    const { method, path, upstream } = exchange;
    this.#headers = toHttp2Request(headers, {
      method,
      path: upstream.prefix + path,
      fallbackAuthority: new URL(upstream.destination).host,
    });
  }

  send(): void {
    const exchange = this.#exchange;
    const { upload, upstream } = exchange;
    let stream: ClientHttp2Stream;
    try {
      stream = upstream.http2.request(this.#headers, upload === undefined);
    } catch (error) {
      exchange.fail(describeFailure(error instanceof Error ? error : new Error(String(error))));
      return;
    }
    exchange.abort = () => {
      stream.close(NGHTTP2_CANCEL);
      upload?.destroy();
    };
    this.#listen(stream);
    this.#limitWait(stream);
    if (upload === undefined) return;
    stream.on("wantTrailers", () => stream.sendTrailers(toTrailerObject(upload.trailers())));
    upload.on("error", () => stream.close(NGHTTP2_CANCEL));
    upload.pipe(stream);
  }

  #listen(stream: ClientHttp2Stream): void {
    const exchange = this.#exchange;
    stream.on("headers", (_headers, _flags, raw) => {
      const status = Number(raw[1] ?? 0);
      if (exchange.done) return;
      const { names } = exchange.core.vocabulary;
      const { headers } = readResponseHead(status, withoutPseudo(raw), names);
      exchange.reply.informational(status, headers);
    });
    stream.on("response", (headers, flags, raw) => {
      if (exchange.done) return;
      const { names } = exchange.core.vocabulary;
      const last = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
      const status = headers[":status"] ?? 502;
      const response = readResponseHead(status, withoutPseudo(raw), names);
      exchange.begin(status, "", response, last);
    });
    stream.on("data", (chunk: Buffer) => {
      if (exchange.done || exchange.data(chunk)) return;
      stream.pause();
      exchange.whenTaken(() => stream.resume());
    });
    stream.on("trailers", (_headers, _flags, raw: string[]) => {
      this.#trailers = raw;
    });
    stream.on("end", () => {
      // A reset stream ends as well; only `close` knows.
      if (stream.rstCode === NGHTTP2_NO_ERROR && !stream.aborted && exchange.reply.begun) {
        exchange.end(this.#trailers);
        this.#stopUpload(stream);
      }
    });
    stream.on("error", (error: Error) => {
      exchange.fail({ ...describeFailure(error), reset: stream.rstCode });
    });
    stream.on("close", () => this.#closed(stream));
  }

  /** Whatever has not been reported until here was a stream that ended without an answer, or in the middle of one. */
  #closed(stream: ClientHttp2Stream): void {
    const { upload } = this.#exchange;
    upload?.destroy();
    this.#exchange.fail({
      code: "VariantUnavailable",
      what: `reset the stream (HTTP/2 error code ${stream.rstCode})`,
      reset: stream.rstCode,
    });
  }

  /** Behind a whole answer the variant takes nothing more, and need not say so. */
  #stopUpload(stream: ClientHttp2Stream): void {
    const { upload } = this.#exchange;
    if (upload === undefined || upload.whole) return;
    upload.destroy();
    stream.close(NGHTTP2_CANCEL);
  }

  /** As long as the request still comes, nobody can expect its answer: every byte begins the wait anew. */
  #limitWait(stream: ClientHttp2Stream): void {
    const { responseHeadMs } = this.#exchange.core.limits;
    if (responseHeadMs === 0) return;
    const timer = setTimeout(() => {
      this.#exchange.fail({ code: "VariantTimeout", what: "did not begin to answer in time" });
    }, responseHeadMs);
    this.#exchange.upload?.on("data", () => timer.refresh());
    const clear = (): void => clearTimeout(timer);
    stream.once("response", clear);
    stream.once("close", clear);
  }
}
