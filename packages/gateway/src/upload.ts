import { Readable } from "node:stream";

/** Where the bytes of a request come from: an IncomingMessage or an HTTP/2 stream. */
export interface UploadSource extends Readable {
  readonly complete?: boolean;
}

export interface UploadOptions {
  readonly source: UploadSource;
  /** More bytes than this end it. */
  readonly maxBytes: number;
  readonly onTooLarge: () => void;
}

/**
 * A request's body on its way to a variant. A stream of its own, because whoever sends it destroys what it was given
 * when the variant answers early, and the client's connection must survive that.
 */
export class Upload extends Readable {
  readonly #source: UploadSource;
  readonly #maxBytes: number;
  readonly #onTooLarge: () => void;
  #bytes = 0;
  #trailers: readonly string[] = [];
  /** True once the last byte came from the client. */
  whole = false;
  /** When the variant was ready for a byte that hasn't come since: a full pipe is not the client's fault. */
  waitingSince = 0;

  constructor({ source, maxBytes, onTooLarge }: UploadOptions) {
    super();
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.#onTooLarge = onTooLarge;
    source.on("data", this.#take);
    source.on("end", this.#finish);
    source.on("close", this.#lose);
    source.pause();
  }

  /** Trailers that came after the body; only HTTP/2 passes them on. */
  keepTrailers(flat: readonly string[]): void {
    this.#trailers = flat;
  }

  trailers(): readonly string[] {
    return this.#trailers;
  }

  override _read(): void {
    if (this.waitingSince === 0) this.waitingSince = performance.now();
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.waitingSince = 0;
    this.#source.off("data", this.#take);
    this.#source.off("end", this.#finish);
    this.#source.off("close", this.#lose);
    // What the client still sends is thrown away, so that its connection can carry the answer and the next request.
    this.#source.resume();
    callback(error);
  }

  readonly #take = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      this.#onTooLarge();
      return;
    }
    if (this.push(chunk)) {
      this.waitingSince = performance.now();
    } else {
      this.waitingSince = 0;
      this.#source.pause();
    }
  };

  readonly #finish = (): void => {
    this.whole = true;
    this.waitingSince = 0;
    this.push(null);
  };

  readonly #lose = (): void => {
    if (!this.#source.readableEnded) this.destroy(new Error("the client left in mid-upload"));
  };
}
