import { Counter, Gauge, type Registry } from "prom-client";
import { LatencyHistogram } from "./latency-histogram.ts";
import { statusClasses } from "./tally.ts";
import type { Upstreams } from "./upstreams.ts";

/** Counts of refused requests and of rejected and lost routes. Plain numbers, like `Tally`. */
export class Refusals {
  readonly byCode = new Map<string, number>();
  /** By `field reason`. */
  readonly rejected = new Map<string, number>();
  /** By callee. */
  readonly lost = new Map<string, number>();

  count(code: string): void {
    increment(this.byCode, code);
  }

  countRejected(field: string, reason: string): void {
    increment(this.rejected, `${field} ${reason}`);
  }

  countLost(callee: string): void {
    increment(this.lost, callee);
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export interface MetricSources {
  readonly upstreams: Upstreams;
  readonly refusals: Refusals;
  readonly connections: () => number;
  readonly upgrades: () => number;
  readonly epoch: () => number;
}

/**
 * Registers the gateway's metrics. Labels are service and tier, never a branch or an environment, whose names are
 * unbounded. Values are read at scrape time.
 */
export function registerMetrics(registry: Registry, sources: MetricSources): void {
  registerRequests(registry, sources.upstreams);
  registerRefusals(registry, sources.refusals);
  gauge(registry, "connections", "Open client connections", sources.connections);
  gauge(registry, "upgrades", "Open WebSockets and other upgraded connections", sources.upgrades);
  gauge(registry, "table_epoch", "Epoch of the route table in use", sources.epoch);
}

function registerRequests(registry: Registry, upstreams: Upstreams): void {
  new Counter({
    name: "cocktail_gateway_requests_total",
    help: "Requests sent to variants, by status class; aborted: the client disconnected before the response",
    labelNames: ["service", "tier", "status"],
    registers: [registry],
    collect(): void {
      this.reset();
      for (const { service, tier, tally } of upstreams.tallies()) {
        statusClasses.forEach((status, at) => {
          const count = tally.byStatus[at] ?? 0;
          if (count > 0) this.inc({ service, tier, status }, count);
        });
      }
    },
  });
  new Gauge({
    name: "cocktail_gateway_in_flight",
    help: "Requests and upgraded connections in flight to variants",
    labelNames: ["service", "tier"],
    registers: [registry],
    collect(): void {
      this.reset();
      for (const { ref, tier, inFlight } of upstreams.all) {
        this.inc({ service: ref.service, tier }, inFlight);
      }
    },
  });
  registry.registerMetric(new LatencyHistogram(upstreams));
}

function registerRefusals(registry: Registry, refusals: Refusals): void {
  counterOf(
    registry,
    ["refusals_total", "Requests refused by the gateway"],
    ["code"],
    () => refusals.byCode,
  );
  counterOf(
    registry,
    ["rejected_route_fields_total", "Entries of route headers that were rejected"],
    ["field", "reason"],
    () => refusals.rejected,
  );
  counterOf(
    registry,
    [
      "lost_routes_total",
      "Requests whose caller dropped the route, detected in traced requests only",
    ],
    ["callee"],
    () => refusals.lost,
  );
}

function counterOf(
  registry: Registry,
  [name, help]: readonly [string, string],
  labelNames: readonly string[],
  counts: () => ReadonlyMap<string, number>,
): void {
  new Counter({
    name: `cocktail_gateway_${name}`,
    help,
    labelNames,
    registers: [registry],
    collect(): void {
      this.reset();
      for (const [key, count] of counts()) {
        const values = key.split(" ");
        const labels = Object.fromEntries(labelNames.map((label, at) => [label, values[at] ?? ""]));
        this.inc(labels, count);
      }
    },
  });
}

function gauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name: `cocktail_gateway_${name}`,
    help,
    registers: [registry],
    collect(): void {
      this.set(value());
    },
  });
}
