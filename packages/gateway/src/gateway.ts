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
import { edge, type ListenerRole } from "./listener-role.ts";
import type { GatewaySettings } from "./settings.ts";
import { createServers } from "./protocol-handlers.ts";
import { TableHolder } from "./table-holder.ts";
import type { WorkloadRef } from "./upstream.ts";
import { type DrainOptions, Upstreams } from "./upstreams.ts";
import { Vocabulary } from "./vocabulary.ts";

export interface GatewayOptions {
  /** The initial table; replaced by `setTable`. */
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
  /** For external clients: virtual hosts, the environment of a host or cookie, and the canonical route. */
  listenEdge(options: ListenOptions): Promise<Listener>;
  /** For calls of one variant to one callee. */
  listenMesh(options: MeshListenOptions): Promise<Listener>;
  /** Replaces the table: closes connections to removed incarnations, and resolves `awaitEpoch`. */
  setTable(table: RouteTable): void;
  /** The table that requests are resolved in. */
  table(): RouteTable;
  /** Resolves when requests are resolved in a table of at least this epoch; rejects when the signal is aborted. */
  awaitEpoch(epoch: number, signal?: AbortSignal): Promise<void>;
  /** Number of requests and upgraded connections in flight to the incarnation. */
  inFlight(ref: WorkloadRef): number;
  /** Resolves when nothing is in flight to the incarnation. To be called once the table no longer lists it. */
  drained(ref: WorkloadRef, options: DrainOptions): Promise<"drained" | "budgetOver">;
  /** Closes all listeners, waits for requests in flight, and destroys the remaining connections after `graceMs`. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

export function createGateway(options: GatewayOptions): Gateway {
  const core = createCore(options);
  const { upstreams, tables } = core;
  const servers = createServers(core);
  const listeners = new Set<Listener>();
  if (options.metrics !== undefined) {
    registerMetrics(options.metrics, {
      upstreams,
      refusals: core.refusals,
      connections: () => core.connections,
      upgrades: () => core.upgrades,
      epoch: () => tables.current.epoch,
    });
  }
  const open = async (role: ListenerRole, where: ListenOptions): Promise<Listener> => {
    const listener = await listen(core, role, servers, where);
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
    setTable: (table) => tables.set(table),
    table: () => tables.current,
    awaitEpoch: (epoch, signal) => tables.awaitEpoch(epoch, signal),
    inFlight: (ref) => upstreams.inFlight(ref),
    drained: (ref, how) => upstreams.drained(ref, how),
    close: async (how) => {
      await Promise.all([...listeners].map((listener) => listener.close(how)));
      servers.close();
      await upstreams.destroy();
    },
  };
}

function createCore(options: GatewayOptions): Core & { readonly tables: TableHolder } {
  const limits = completeLimits(options.limits ?? {});
  const upstreams = new Upstreams(limits);
  const tables = new TableHolder(options.table, (table) => upstreams.refresh(table));
  const { settings } = options;
  return {
    tables,
    table: () => tables.current,
    settings: typeof settings === "function" ? settings : () => settings,
    limits,
    vocabulary: new Vocabulary(options.headerNames ?? defaultHeaderNames),
    locator: new Locator(),
    upstreams,
    lostRoutes: new LostRoutes(),
    flusher: new HeadFlusher(),
    uploadWatch: new IdleWatch(limits.bodyIdleMs),
    responseWatch: new IdleWatch(limits.stalledMs),
    refusals: new Refusals(),
    log: options.log ?? silentLogger,
    accessLog: options.accessLog ?? "errors",
    upgrades: 0,
    connections: 0,
  };
}
