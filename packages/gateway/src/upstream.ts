import type { Socket } from "node:net";
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

/** The connections to one incarnation, and the number of requests in flight to it. */
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
  /** True when the table no longer lists it: removed after its last request. */
  draining = false;
  destroyed = false;
  /** Called whenever `inFlight` becomes 0. */
  onIdle: (() => void) | undefined;
  readonly #limits: Limits;
  readonly #origin: string;
  #pool: Pool | undefined;
  #http2: Http2Upstream | undefined;
  /** Connections of one client alone, by the client's connection. */
  readonly #bound = new Map<Socket, Pool>();

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
    this.#pool ??= this.#openPool(this.#limits.upstreamConnections);
    return this.#pool;
  }

  /**
   * The way for a client's requests. NTLM and Negotiate authenticate a connection (RFC 4559): from the first request that
   * uses them on (`binds`), a client has one to the variant that no other client's requests take.
   */
  poolFor(client: Socket, binds: boolean): Dispatcher {
    const known = this.#bound.size === 0 ? undefined : this.#bound.get(client);
    if (known !== undefined) return known;
    if (!binds) return this.pool;
    const pool = this.#openPool(1);
    this.#bound.set(client, pool);
    client.once("close", () => {
      this.#bound.delete(client);
      void pool.destroy();
    });
    return pool;
  }

  #openPool(connections: number): Pool {
    return new Pool(this.#origin, {
      connections,
      connect: connectorFor(this.#limits),
      pipelining: 1,
      allowH2: false,
      headersTimeout: this.#limits.responseHeadMs,
      // An event stream may be silent for hours.
      bodyTimeout: 0,
      maxHeaderSize: this.#limits.responseHeadBytes,
    });
  }

  /** HTTP/2 connections, opened as needed. */
  get http2(): Http2Upstream {
    this.#http2 ??= new Http2Upstream(this.#origin, this.#limits);
    return this.#http2;
  }

  /** Closes all connections and aborts what is in flight. */
  async destroy(): Promise<void> {
    this.destroyed = true;
    this.#http2?.destroy();
    const pools = [...this.#bound.values(), ...(this.#pool === undefined ? [] : [this.#pool])];
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}
