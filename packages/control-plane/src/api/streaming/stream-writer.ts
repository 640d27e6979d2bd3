import type { ServerResponse } from "node:http";

export interface StreamWriterOptions {
  readonly contentType: string;
  /** Written while the stream is idle, so that both sides detect a dead connection. */
  readonly heartbeat: string;
  readonly heartbeatMs: number;
  /** A reader that reads nothing for this long is disconnected. */
  readonly slowReaderMs: number;
}

/** One stream: back-pressure, heartbeats, and disconnection of readers that don't read. */
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
      // A kept-alive connection would outlive its stream and delay the shutdown.
      connection: "close",
    });
    // The first byte confirms the connection.
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

  /** Aborts after the written data, so that the truncation is visible to the reader. */
  cut(): void {
    clearInterval(this.#heartbeat);
    // Data written in this turn of the event loop reaches the socket in the next one.
    setImmediate(() => this.#response.socket?.destroySoon());
  }
}
