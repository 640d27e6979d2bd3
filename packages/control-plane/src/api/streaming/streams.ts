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
  /** How many of them belong to callers without the token. */
  #strangers = 0;
  readonly #closing = new AbortController();

  constructor(limits: StreamLimits, gauge: Gauge<"kind">, log: Logger) {
    this.#limits = limits;
    this.#gauge = gauge;
    this.#log = log;
  }

  /**
   * Hands the response over to `produce`, which writes until it is done or its signal is aborted. Throws a problem if
   * there are too many streams. Callers without the token get at most half of the places: another user of this machine
   * can't take those of its owner.
   */
  run(
    kind: StreamKind,
    reply: FastifyReply,
    format: Pick<StreamWriterOptions, "contentType" | "heartbeat">,
    produce: (writer: StreamWriter, signal: AbortSignal) => Promise<void>,
  ): void {
    const isStranger = !reply.request.hasToken;
    const full = this.#whyFull(isStranger);
    if (this.#closing.signal.aborted || full !== undefined) {
      throw new ProblemError("NOT_READY", {
        detail: full ?? "the control plane is stopping",
        fix: "close a stream, or retry in a moment",
      });
    }
    reply.hijack();
    const writer = new StreamWriter(reply.raw, { ...format, ...this.#limits });
    const signal = AbortSignal.any([writer.signal, this.#closing.signal]);
    this.#gauge.inc({ kind });
    if (isStranger) this.#strangers++;
    const running = this.#produce(kind, writer, () => produce(writer, signal)).finally(() => {
      this.#gauge.dec({ kind });
      if (isStranger) this.#strangers--;
      this.#open.delete(running);
    });
    this.#open.add(running);
  }

  #whyFull(isStranger: boolean): string | undefined {
    const { maxStreams } = this.#limits;
    if (this.#open.size >= maxStreams) return `the limit of ${maxStreams} open streams is reached`;
    const places = Math.ceil(maxStreams / 2);
    if (!isStranger || this.#strangers < places) return undefined;
    return `the limit of ${places} open streams of callers without the token is reached`;
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
