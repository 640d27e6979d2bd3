import { Http2Session } from "./http2-session.ts";
import type { Limits } from "./limits.ts";

/** A request that needs a connection on which a stream can be opened. */
export interface Waiter {
  readonly take: (session: Http2Session) => void;
  readonly fail: (error: Error) => void;
}

/**
 * The h2c connections to an incarnation: another one when those that there are have as many streams as the variant allows,
 * or are retired. One is opened at a time, since each tells how many streams it takes.
 */
export class Http2Upstream {
  readonly #origin: string;
  readonly #limits: Limits;
  readonly #sessions = new Set<Http2Session>();
  readonly #waiting = new Set<Waiter>();
  #isDestroyed = false;

  constructor(origin: string, limits: Limits) {
    this.#origin = origin;
    this.#limits = limits;
  }

  /** Calls one of `take` and `fail` once, at once or later. */
  acquire(waiter: Waiter): void {
    this.#waiting.add(waiter);
    this.#assign();
  }

  /** Calls neither. */
  abandon(waiter: Waiter): void {
    this.#waiting.delete(waiter);
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
    this.#failAll(new Error("the incarnation has left"));
  }

  #assign(): void {
    for (const waiter of this.#waiting) {
      const session = this.#sessions.values().find(({ hasRoom }) => hasRoom);
      if (session === undefined) break;
      this.#waiting.delete(waiter);
      waiter.take(session);
    }
    if (this.#waiting.size > 0) this.#connect();
  }

  #connect(): void {
    if (this.#isDestroyed) {
      this.#failAll(new Error("the incarnation has left"));
      return;
    }
    const isConnecting = this.#sessions
      .values()
      .some(({ isReady, isRetired }) => !isReady && !isRetired);
    if (isConnecting || this.#sessions.size >= this.#limits.upstreamConnections) return;
    const session: Http2Session = new Http2Session(this.#origin, this.#limits, () =>
      this.#changed(session),
    );
    this.#sessions.add(session);
  }

  #changed(session: Http2Session): void {
    if (session.hasEnded) {
      const isFirstTime = this.#sessions.delete(session);
      // Nobody answers there, or not in HTTP/2: the next attempt would end the same way.
      if (isFirstTime && !session.isReady) {
        this.#failAll(session.error ?? closedEarly());
        return;
      }
    }
    this.#assign();
  }

  #failAll(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { fail } of waiting) fail(error);
  }
}

function closedEarly(): Error {
  return Object.assign(new Error("closed before its settings came"), { code: "ECONNRESET" });
}
