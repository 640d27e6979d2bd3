import type { Tier } from "@cocktail/route";
import { type Dispatcher, Pool } from "undici";
import { connectorFor } from "./connector.ts";
import { Http2Upstream } from "./http2-upstream.ts";
import type { Limits } from "./limits.ts";
import { Tally } from "./tally.ts";

/** One incarnation of a variant. */
export interface WorkloadRef {
  readonly service: string;
  readonly key: string;
  readonly incarnation: number;
}

export interface UpstreamOptions {
  readonly ref: WorkloadRef;
  readonly tier: Tier;
  readonly destination: string;
  readonly limits: Limits;
}

/** One incarnation as the gateway sees it: its connections and what is in flight to it. */
export class Upstream {
  readonly ref: WorkloadRef;
  /** `service:key`. */
  readonly label: string;
  readonly tier: Tier;
  readonly destination: string;
  /** Path of the destination's base URL, without a final slash. */
  readonly prefix: string;
  readonly tally: Tally = new Tally();
  /** Requests and upgraded connections. */
  inFlight = 0;
  /** Those of them that carry a route. */
  routedInFlight = 0;
  /** True when the table no longer lists it: it ends with its last request. */
  leaving = false;
  destroyed = false;
  /** Called each time nothing is in flight any more. */
  onIdle: (() => void) | undefined;
  readonly #limits: Limits;
  readonly #origin: string;
  #pool: Pool | undefined;
  #http2: Http2Upstream | undefined;

  constructor({ ref, tier, destination, limits }: UpstreamOptions) {
    this.ref = ref;
    this.label = `${ref.service}:${ref.key}`;
    this.tier = tier;
    this.destination = destination;
    this.#limits = limits;
    const { origin, pathname } = new URL(destination);
    this.#origin = origin;
    this.prefix = pathname.replace(/\/+$/, "");
  }

  /** Every `begin` has one `end`. */
  begin(routed: boolean): void {
    this.inFlight++;
    if (routed) this.routedInFlight++;
  }

  end(routed: boolean): void {
    if (routed) this.routedInFlight--;
    if (--this.inFlight === 0) this.onIdle?.();
  }

  /** HTTP/1.1 connections, opened as needed. */
  get pool(): Dispatcher {
    this.#pool ??= new Pool(this.#origin, {
      connections: this.#limits.upstreamConnections,
      connect: connectorFor(this.#limits),
      pipelining: 1,
      allowH2: false,
      headersTimeout: this.#limits.responseHeadMs,
      // An event stream may be silent for hours.
      bodyTimeout: 0,
      maxHeaderSize: this.#limits.responseHeadBytes,
    });
    return this.#pool;
  }

  /** One h2c connection, remade when it ends. */
  get http2(): Http2Upstream {
    this.#http2 ??= new Http2Upstream(this.#origin, this.#limits);
    return this.#http2;
  }

  /** Closes idle connections; what is in flight is ended too. */
  async destroy(): Promise<void> {
    this.destroyed = true;
    this.#http2?.destroy();
    await this.#pool?.destroy();
  }
}
