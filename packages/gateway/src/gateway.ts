import { defaultHeaderNames, type HeaderNames, type RouteTable } from "@cocktail/route";
import type { Registry } from "prom-client";
import type { AccessLogMode } from "./access-log.ts";
import type { Core } from "./core.ts";
import { HeadFlusher } from "./http1-reply.ts";
import { IdleWatch } from "./idle-watch.ts";
import { completeLimits, type Limits } from "./limits.ts";
import { listen, type Listener, type ListenOptions } from "./listener.ts";
import { Locator } from "./locate.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { LostRoutes } from "./lost-routes.ts";
import { Refusals, registerMetrics } from "./metrics.ts";
import { edge, type Place } from "./place.ts";
import type { GatewaySettings } from "./settings.ts";
import { createServers } from "./protocol-handlers.ts";
import { TableHolder } from "./table-holder.ts";
import type { WorkloadRef } from "./upstream.ts";
import { type DrainOptions, Upstreams } from "./upstreams.ts";
import { Vocabulary } from "./vocabulary.ts";

export interface GatewayOptions {
  /** The first table; newer ones come with `setTable`. */
  readonly table: RouteTable;
  readonly settings: GatewaySettings | (() => GatewaySettings);
  readonly log?: Logger | undefined;
  /** Default `errors`. */
  readonly accessLog?: AccessLogMode | undefined;
  readonly metrics?: Registry | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly headerNames?: HeaderNames | undefined;
}

/** `caller` is `service:key`, `callee` a service. */
export interface MeshListenOptions extends ListenOptions {
  readonly caller: string;
  readonly callee: string;
}

export interface Gateway {
  /** For clients outside: virtual hosts, the environment of a host or cookie, and the canonical route. */
  listenEdge(options: ListenOptions): Promise<Listener>;
  /** For one calling variant toward one callee. */
  listenMesh(options: MeshListenOptions): Promise<Listener>;
  /** Resolves requests in this table from now on: forgets what left it, and answers who waits for its epoch. */
  setTable(table: RouteTable): void;
  /** The table that requests are resolved in. */
  table(): RouteTable;
  /** Resolves when requests are resolved in a table of at least this epoch; rejects when the signal fires. */
  awaitEpoch(epoch: number, signal?: AbortSignal): Promise<void>;
  /** Requests and upgraded connections the incarnation is working on. */
  inFlight(ref: WorkloadRef): number;
  /** Resolves when nothing is in flight to the incarnation. Of use once the table no longer lists it. */
  drained(ref: WorkloadRef, options: DrainOptions): Promise<"drained" | "budgetOver">;
  /** Closes all listeners: nothing new is accepted, what is in flight ends, or is cut after the grace. Milliseconds. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

export function createGateway(options: GatewayOptions): Gateway {
  const core = createCore(options);
  const { upstreams, held } = core;
  const servers = createServers(core);
  const listeners = new Set<Listener>();
  if (options.metrics !== undefined) {
    registerMetrics(options.metrics, {
      upstreams,
      refusals: core.refusals,
      connections: () => core.connections,
      upgrades: () => core.upgrades,
      epoch: () => held.current.epoch,
    });
  }
  const open = async (place: Place, where: ListenOptions): Promise<Listener> => {
    const listener = await listen(core, place, servers, where);
    const close: Listener["close"] = (how) => {
      listeners.delete(known);
      return listener.close(how);
    };
    const known: Listener = { ...listener, close };
    listeners.add(known);
    return known;
  };
  return {
    listenEdge: (where) => open(edge, where),
    listenMesh: ({ caller, callee, ...where }) => open({ kind: "mesh", caller, callee }, where),
    setTable: (table) => held.set(table),
    table: () => held.current,
    awaitEpoch: (epoch, signal) => held.awaitEpoch(epoch, signal),
    inFlight: (ref) => upstreams.inFlight(ref),
    drained: (ref, how) => upstreams.drained(ref, how),
    close: async (how) => {
      await Promise.all([...listeners].map((listener) => listener.close(how)));
      servers.close();
      await upstreams.destroy();
    },
  };
}

function createCore(options: GatewayOptions): Core & { readonly held: TableHolder } {
  const limits = completeLimits(options.limits ?? {});
  const upstreams = new Upstreams(limits);
  const held = new TableHolder(options.table, (table) => upstreams.refresh(table));
  const { settings } = options;
  return {
    held,
    table: () => held.current,
    settings: typeof settings === "function" ? settings : () => settings,
    limits,
    vocabulary: new Vocabulary(options.headerNames ?? defaultHeaderNames),
    locator: new Locator(),
    upstreams,
    lost: new LostRoutes(),
    flusher: new HeadFlusher(),
    bodies: new IdleWatch(limits.bodyIdleMs),
    readers: new IdleWatch(limits.stalledMs),
    refusals: new Refusals(),
    log: options.log ?? silentLogger,
    accessLog: options.accessLog ?? "errors",
    upgrades: 0,
    connections: 0,
  };
}
