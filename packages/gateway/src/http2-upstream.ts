import http2, { type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { Limits } from "./limits.ts";

const sessionOptions = Object.freeze({
  maxSessionMemory: 64,
  // A client may repeat any header, and Node throws at some of them. Not in the types of a client's options.
  strictSingleValueFields: false,
  settings: { enablePush: false, initialWindowSize: 1 << 20 },
});

/** One h2c connection to an incarnation, remade when the other side says it will go or goes. */
export class Http2Upstream {
  readonly #origin: string;
  readonly #limits: Limits;
  #session: ClientHttp2Session | undefined;
  #destroyed = false;

  constructor(origin: string, limits: Limits) {
    this.#origin = origin;
    this.#limits = limits;
  }

  /** Opens a stream; its errors come as events, those of the connection included. */
  request(headers: readonly string[], endStream: boolean): ClientHttp2Stream {
    const session = this.#usable() ?? this.#connect();
    return session.request(headers, { endStream, waitForTrailers: !endStream });
  }

  destroy(): void {
    this.#destroyed = true;
    this.#session?.destroy();
    this.#session = undefined;
  }

  #usable(): ClientHttp2Session | undefined {
    const session = this.#session;
    return session === undefined || session.closed || session.destroyed ? undefined : session;
  }

  #connect(): ClientHttp2Session {
    if (this.#destroyed) throw new Error("this upstream is gone");
    const session = http2.connect(this.#origin, sessionOptions);
    this.#session = session;
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    const { connectMs } = this.#limits;
    const giveUp = (): void => {
      session.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" }));
    };
    const timer = connectMs > 0 ? setTimeout(giveUp, connectMs) : undefined;
    session.once("connect", () => {
      clearTimeout(timer);
      session.setLocalWindowSize(1 << 22);
    });
    // Streams that are open end by themselves; the next request makes a new connection.
    session.once("goaway", () => {
      forget();
      session.close();
    });
    session.once("close", () => {
      clearTimeout(timer);
      forget();
    });
    // Every stream of it reports the error.
    session.on("error", forget);
    return session;
  }
}
