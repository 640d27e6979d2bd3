import type { ServerResponse } from "node:http";

export interface StreamWriterOptions {
  readonly contentType: string;
  /** Written while there is nothing else to say, so that neither side takes silence for death. */
  readonly heartbeat: string;
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is cut off. */
  readonly slowReaderMs: number;
}

/** One endless answer: back-pressure, heartbeats, and an end for readers that are gone or don't read. */
export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #options: StreamWriterOptions;
  readonly #gone = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(response: ServerResponse, options: StreamWriterOptions) {
    this.#response = response;
    this.#options = options;
    response.once("close", () => this.#gone.abort());
    response.on("error", () => this.#gone.abort());
    response.writeHead(200, {
      "content-type": options.contentType,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      // Kept alive it would outlast its stream, and hold up the end of the server.
      connection: "close",
    });
    // The first byte tells the reader that it is connected.
    response.write(options.heartbeat);
    this.#heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(options.heartbeat);
    }, options.heartbeatMs);
  }

  /** Aborts when the reader is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when there is room for more, or the reader is gone. */
  async write(chunk: string): Promise<void> {
    if (this.#gone.signal.aborted || this.#response.write(chunk)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    const slow = setTimeout(() => this.#response.destroy(), this.#options.slowReaderMs);
    this.#response.once("drain", done);
    this.#gone.signal.addEventListener("abort", done, { once: true });
    await promise;
    clearTimeout(slow);
    this.#response.off("drain", done);
    this.#gone.signal.removeEventListener("abort", done);
  }

  end(): void {
    clearInterval(this.#heartbeat);
    if (!this.#gone.signal.aborted) this.#response.end();
  }

  /** Cut off after what was written: the reader sees that this is not the end of the data. */
  cut(): void {
    clearInterval(this.#heartbeat);
    // What was written in this turn is still with the response; the socket has it in the next one.
    setImmediate(() => this.#response.socket?.destroySoon());
  }
}
