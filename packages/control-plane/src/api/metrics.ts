import type { FastifyInstance } from "fastify";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Store } from "../store/store.ts";

/** No label has user-defined values: `route` is the pattern of the operation. */
export interface ApiMetrics {
  readonly requests: Counter<"method" | "route" | "status">;
  readonly seconds: Histogram<"method" | "route">;
  readonly streams: Gauge<"kind">;
}

export function registerMetrics(registry: Registry): ApiMetrics {
  const registers = [registry];
  return {
    requests: new Counter({
      name: "cocktail_api_requests_total",
      help: "Requests that the API answered",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    seconds: new Histogram({
      name: "cocktail_api_request_seconds",
      help: "Time until the API's response was sent, without streams",
      labelNames: ["method", "route"],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5],
      registers,
    }),
    streams: new Gauge({
      name: "cocktail_api_streams",
      help: "Open streams",
      labelNames: ["kind"],
      registers,
    }),
  };
}

export function registerStoreMetrics(
  registry: Registry,
  store: Pick<Store, "available">,
  epoch: () => number,
): void {
  const available: Gauge = new Gauge({
    name: "cocktail_store_available",
    help: "1 while the store is available",
    registers: [],
    collect: () => available.set(store.available ? 1 : 0),
  });
  const newest: Gauge = new Gauge({
    name: "cocktail_route_table_epoch",
    help: "Epoch of the newest route table",
    registers: [],
    collect: () => newest.set(epoch()),
  });
  registry.registerMetric(available);
  registry.registerMetric(newest);
}

export function measureRequests(app: FastifyInstance, metrics: ApiMetrics): void {
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    const { method } = request;
    metrics.requests.inc({ method, route, status: String(reply.statusCode) });
    metrics.seconds.observe({ method, route }, reply.elapsedTime / 1000);
    await Promise.resolve();
  });
}
