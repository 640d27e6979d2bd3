import { type ClientHttp2Stream, constants } from "node:http2";
import type { Exchange } from "./exchange.ts";
import { describeFailure, describeReset, type Failure, isIdempotent } from "./failure.ts";
import { toHttp2Request, toTrailerObject, withoutPseudo } from "./http2-headers.ts";
import type { Http2Session } from "./http2-session.ts";
import type { Waiter } from "./http2-upstream.ts";
import { readResponseHead } from "./response-head.ts";
import { Replay } from "./replay.ts";

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR } =
  constants;

/** A variant that refuses stream after stream is busy, and says so to the client. */
const maxAttempts = 4;

/** Forwards an exchange to a variant over h2c, and the response back; trailers in both directions. */
export class Http2Forward {
  readonly #exchange: Exchange;
  readonly #headers: string[];
  readonly #replay: Replay | undefined;
  #trailers: string[] = [];
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(exchange: Exchange, headers: string[]) {
    this.#exchange = exchange;
    const { method, path, upload, upstream } = exchange;
    if (upload !== undefined) this.#replay = new Replay(upload);
    this.#headers = toHttp2Request(headers, {
      method,
      path: upstream.prefix + path,
      fallbackAuthority: new URL(upstream.destination).host,
    });
  }

  send(): void {
    const exchange = this.#exchange;
    this.#attempts++;
    this.#limitWait();
    const { http2 } = exchange.upstream;
    const waiter: Waiter = {
      take: (session) => this.#open(session),
      fail: (error) => this.#fail(describeFailure(error)),
    };
    // Before `acquire`, which may open the stream at once and replace it.
    exchange.abortUpstream = () => {
      http2.abandon(waiter);
      this.#end();
    };
    http2.acquire(waiter);
  }

  #open(session: Http2Session): void {
    const exchange = this.#exchange;
    const { upload } = exchange;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(this.#headers, upload === undefined);
    } catch (error) {
      this.#fail(describeFailure(error instanceof Error ? error : new Error(String(error))));
      return;
    }
    exchange.abortUpstream = () => {
      stream.close(NGHTTP2_CANCEL);
      this.#end();
    };
    this.#listen(stream);
    stream.once("close", () => this.#closed(session, stream));
    if (upload === undefined) return;
    stream.on("wantTrailers", () => stream.sendTrailers(toTrailerObject(upload.trailers())));
    upload.once("error", () => stream.close(NGHTTP2_CANCEL));
    this.#replay?.sendTo(stream);
  }

  #listen(stream: ClientHttp2Stream): void {
    const exchange = this.#exchange;
    stream.on("headers", (_headers, _flags, raw) => {
      const status = Number(raw[1] ?? 0);
      this.#replay?.forget();
      if (exchange.done) return;
      const { names } = exchange.core.vocabulary;
      const { headers } = readResponseHead(status, withoutPseudo(raw), names);
      exchange.reply.informational(status, headers);
    });
    stream.on("response", (headers, flags, raw) => {
      clearTimeout(this.#timer);
      this.#replay?.forget();
      if (exchange.done) return;
      const { names } = exchange.core.vocabulary;
      const endStream = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
      const status = headers[":status"] ?? 502;
      const response = readResponseHead(status, withoutPseudo(raw), names);
      exchange.begin(status, "", response, endStream);
    });
    stream.on("data", (chunk: Buffer) => {
      if (exchange.done || exchange.data(chunk)) return;
      stream.pause();
      exchange.resumeOnceWritable(() => stream.resume());
    });
    stream.on("trailers", (_headers, _flags, raw: string[]) => {
      this.#trailers = raw;
    });
    stream.on("end", () => {
      // A reset stream emits `end` as well; `close` reports the reset.
      if (stream.rstCode === NGHTTP2_NO_ERROR && !stream.aborted && exchange.reply.begun) {
        exchange.end(this.#trailers);
        this.#stopUpload(stream);
      }
    });
    // `close` follows, and knows more.
    stream.on("error", () => undefined);
  }

  /** A stream that ended without a response, or in the middle of one. */
  #closed(session: Http2Session, stream: ClientHttp2Stream): void {
    const exchange = this.#exchange;
    if (exchange.done) {
      this.#end();
      return;
    }
    if (this.#mayRepeat(session, stream)) {
      this.send();
      return;
    }
    const reset = stream.rstCode ?? 0;
    const failure = session.isCut ? describeFailure(session.error ?? cut()) : describeReset(reset);
    this.#fail({ ...failure, reset });
  }

  /** What was provably not processed; what was throttled, only if it may arrive twice (RFC 9110 9.2.2). */
  #mayRepeat(session: Http2Session, stream: ClientHttp2Stream): boolean {
    const { method, reply, upload } = this.#exchange;
    if (reply.begun || this.#replay?.isWhole === false) return false;
    if (this.#attempts === maxAttempts) return false;
    if (session.isUnprocessed(stream)) return true;
    const isThrottled = stream.rstCode === NGHTTP2_ENHANCE_YOUR_CALM;
    return isThrottled && upload === undefined && isIdempotent(method);
  }

  #fail(failure: Failure): void {
    this.#end();
    this.#exchange.fail(failure);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#exchange.upload?.destroy();
  }

  /** After a complete response the variant reads no more, and need not reset the stream. */
  #stopUpload(stream: ClientHttp2Stream): void {
    const { upload } = this.#exchange;
    if (upload === undefined || upload.complete) return;
    upload.destroy();
    stream.close(NGHTTP2_CANCEL);
  }

  /**
   * As long as the request still comes, nobody can expect its answer: every byte begins the wait anew. A gRPC call has a
   * deadline of its own, or none on purpose.
   */
  #limitWait(): void {
    const { core, head, upload } = this.#exchange;
    const { responseHeadMs } = core.limits;
    if (responseHeadMs === 0 || head.isGrpc || this.#timer !== undefined) return;
    const timer = setTimeout(() => {
      this.#exchange.fail({ code: "VariantTimeout", what: "did not begin to respond in time" });
    }, responseHeadMs);
    this.#timer = timer;
    upload?.on("data", () => timer.refresh());
  }
}

/** The variant closed the connection without an error of its own. */
function cut(): Error {
  return Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" });
}
