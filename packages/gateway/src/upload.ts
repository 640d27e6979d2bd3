import { Readable } from "node:stream";

/** The source of a request body: an IncomingMessage or an HTTP/2 stream. */
export interface UploadSource extends Readable {
  readonly complete?: boolean;
}

export interface UploadOptions {
  readonly source: UploadSource;
  /** Beyond it `onTooLarge` is called. */
  readonly maxBytes: number;
  readonly onTooLarge: () => void;
}

/**
 * The body of a request to a variant. A separate stream, because undici destroys the body when the variant responds early,
 * and the client's connection must survive that.
 */
export class Upload extends Readable {
  readonly #source: UploadSource;
  readonly #maxBytes: number;
  readonly #onTooLarge: () => void;
  #bytes = 0;
  #trailers: readonly string[] = [];
  /** True once the client has sent the last byte. */
  complete = false;
  /** Since when the variant is ready for a byte of the client; 0 while the variant does not read. */
  waitingSince = 0;

  constructor({ source, maxBytes, onTooLarge }: UploadOptions) {
    super();
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.#onTooLarge = onTooLarge;
    source.on("data", this.#onData);
    source.on("end", this.#onEnd);
    source.on("close", this.#onClose);
    source.pause();
  }

  /** Trailers of the request; forwarded over HTTP/2 only. */
  setTrailers(flat: readonly string[]): void {
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
    this.#source.off("data", this.#onData);
    this.#source.off("end", this.#onEnd);
    this.#source.off("close", this.#onClose);
    // Discards the rest of the upload, so that the connection can be used for the response and the next request.
    this.#source.resume();
    callback(error);
  }

  readonly #onData = (chunk: Buffer): void => {
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

  readonly #onEnd = (): void => {
    this.complete = true;
    this.waitingSince = 0;
    this.push(null);
  };

  readonly #onClose = (): void => {
    if (!this.#source.readableEnded)
      this.destroy(new Error("the client disconnected during the upload"));
  };
}
