import type { FastifyReply } from "fastify";
import type { Gauge } from "prom-client";
import type { Logger } from "../../log.ts";
import { ProblemError } from "../problems.ts";
import { StreamWriter, type StreamWriterOptions } from "./stream-writer.ts";

export interface StreamLimits {
  /** At once, of all kinds. */
  readonly maxStreams: number;
  readonly heartbeatMs: number;
  readonly slowReaderMs: number;
}

export type StreamKind = "table" | "logs" | "watch";

/** All open streams: counts and limits them, and ends them with the API. */
export class Streams {
  readonly #limits: StreamLimits;
  readonly #gauge: Gauge<"kind">;
  readonly #log: Logger;
  readonly #open = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(limits: StreamLimits, gauge: Gauge<"kind">, log: Logger) {
    this.#limits = limits;
    this.#gauge = gauge;
    this.#log = log;
  }

  /**
   * Hands the response over to `produce`, which writes until it is done or its signal is aborted. Throws a problem if
   * there are too many streams.
   */
  run(
    kind: StreamKind,
    reply: FastifyReply,
    format: Pick<StreamWriterOptions, "contentType" | "heartbeat">,
    produce: (writer: StreamWriter, signal: AbortSignal) => Promise<void>,
  ): void {
    if (this.#closing.signal.aborted || this.#open.size >= this.#limits.maxStreams) {
      const full = `the limit of ${this.#open.size} open streams is reached`;
      throw new ProblemError("NOT_READY", {
        detail: this.#closing.signal.aborted ? "the control plane is stopping" : full,
        fix: "close a stream, or retry in a moment",
      });
    }
    reply.hijack();
    const writer = new StreamWriter(reply.raw, { ...format, ...this.#limits });
    const signal = AbortSignal.any([writer.signal, this.#closing.signal]);
    this.#gauge.inc({ kind });
    const running = this.#produce(kind, writer, () => produce(writer, signal)).finally(() => {
      this.#gauge.dec({ kind });
      this.#open.delete(running);
    });
    this.#open.add(running);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#open);
  }

  async #produce(
    kind: StreamKind,
    writer: StreamWriter,
    produce: () => Promise<void>,
  ): Promise<void> {
    try {
      await produce();
      writer.end();
    } catch (error) {
      if (!writer.signal.aborted) {
        this.#log.warn({ reason: "StreamFailed", kind, err: error }, "stream aborted");
      }
      writer.cut();
    }
  }
}
