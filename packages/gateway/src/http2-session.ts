import http2, { type ClientHttp2Session, type ClientHttp2Stream, constants } from "node:http2";
import type { Limits } from "./limits.ts";

/** Header lines of an answer that are read; Node's own limit is 128. */
const answerLines = 2048;

/**
 * A variant ends connections of which too many streams were cancelled (the counter to CVE-2023-44487), also those whose
 * clients cancelled nothing. Servers allow from about a hundred on.
 */
const maxCancelled = 50;
/** Then another connection is tried: below the number of attempts that a request has. */
const maxRefusals = 2;

/** One h2c connection to an incarnation, and what may be opened on it. */
export class Http2Session {
  readonly #session: ClientHttp2Session;
  readonly #changed: () => void;
  /** Streams at once that the variant allows; undefined until its settings are known. */
  #allowed: number | undefined;
  #open = 0;
  #cancelled = 0;
  /** Streams in a row that were refused although there was no other. */
  #refusals = 0;
  #isRetired = false;
  /** The last stream that it processed, once it has said so (RFC 9113 6.8). */
  #lastProcessed = Number.POSITIVE_INFINITY;
  /** Why it ended, where it broke. */
  error: Error | undefined;

  /** `changed` is called when a stream may be free, or the connection has ended. */
  constructor(origin: string, limits: Limits, changed: () => void) {
    this.#changed = changed;
    this.#session = http2.connect(origin, {
      maxSessionMemory: 64,
      maxHeaderListPairs: answerLines,
      // A client may repeat any header, and Node throws at some of them. Not in the types of a client's options.
      strictSingleValueFields: false,
      settings: {
        enablePush: false,
        initialWindowSize: 1 << 20,
        maxHeaderListSize: limits.responseHeadBytes,
      },
    } as http2.ClientSessionOptions);
    this.#watch(limits.connectMs);
  }

  get hasEnded(): boolean {
    return this.#session.destroyed;
  }

  /** The connection ended without GOAWAY: the variant died, or does not speak HTTP/2. */
  get isCut(): boolean {
    return this.#session.destroyed && this.#lastProcessed === Number.POSITIVE_INFINITY;
  }

  /** It takes no more streams; those that are open end by themselves. */
  get isRetired(): boolean {
    return this.#isRetired || this.#session.closed || this.#session.destroyed;
  }

  get hasRoom(): boolean {
    return !this.isRetired && this.#open < (this.#allowed ?? 0);
  }

  /** Its settings are known: it speaks HTTP/2. */
  get isReady(): boolean {
    return this.#allowed !== undefined;
  }

  /** Opens a stream; its errors come as events, those of the connection included. */
  request(headers: readonly string[], endStream: boolean): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream, waitForTrailers: !endStream });
    this.#open++;
    stream.once("close", () => this.#closed(stream));
    return stream;
  }

  /** True where the variant did nothing with a stream that has ended: it may be sent again (RFC 9113 8.7). */
  isUnprocessed({ id, rstCode }: ClientHttp2Stream): boolean {
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM) return true;
    return id === undefined || id > this.#lastProcessed;
  }

  destroy(): void {
    this.#session.destroy();
  }

  #watch(connectMs: number): void {
    const session = this.#session;
    const giveUp = (): void => {
      session.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" }));
    };
    const timer = connectMs > 0 ? setTimeout(giveUp, connectMs) : undefined;
    session.once("connect", () => session.setLocalWindowSize(1 << 22));
    session.on("remoteSettings", ({ maxConcurrentStreams }: http2.Settings) => {
      clearTimeout(timer);
      this.#allowed = Math.max(maxConcurrentStreams ?? Number.POSITIVE_INFINITY, 1);
      this.#changed();
    });
    session.once("goaway", (_code: number, lastProcessed: number) => {
      this.#lastProcessed = lastProcessed;
      this.#isRetired = true;
      this.#closeIfIdle();
      this.#changed();
    });
    session.on("error", (error: Error) => (this.error = error));
    session.once("close", () => {
      clearTimeout(timer);
      this.#changed();
    });
  }

  #closed({ rstCode }: ClientHttp2Stream): void {
    const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = constants;
    this.#open--;
    if (rstCode === NGHTTP2_CANCEL && ++this.#cancelled >= maxCancelled) this.#isRetired = true;
    if (rstCode === NGHTTP2_ENHANCE_YOUR_CALM) this.#isRetired = true;
    if (rstCode === NGHTTP2_REFUSED_STREAM) this.#refused();
    else this.#refusals = 0;
    this.#closeIfIdle();
    this.#changed();
  }

  #closeIfIdle(): void {
    if (this.#isRetired && this.#open === 0) this.#session.close();
  }

  /** It takes fewer streams than it announced, or none any more. */
  #refused(): void {
    this.#allowed = Math.max(1, Math.min(this.#allowed ?? 1, this.#open));
    if (this.#open === 0 && ++this.#refusals === maxRefusals) this.#isRetired = true;
  }
}
