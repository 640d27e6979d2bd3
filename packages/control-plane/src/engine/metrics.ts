import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export type ReconcileResult = "success" | "requeue" | "requeue_after" | "error";
export type Controller = "service" | "variant" | "environment" | "table";

/** Named like those of controller-runtime. No label has user-defined values. */
export interface EngineMetrics {
  reconciled(controller: Controller, result: ReconcileResult, seconds: number): void;
  retried(controller: Controller): void;
  depth(keys: number): void;
}

export const noMetrics: EngineMetrics = {
  reconciled: () => undefined,
  retried: () => undefined,
  depth: () => undefined,
};

export function registerEngineMetrics(registry: Registry): EngineMetrics {
  const registers = [registry];
  const total = new Counter({
    name: "cocktail_reconcile_total",
    help: "Reconciliations",
    labelNames: ["controller", "result"],
    registers,
  });
  const errors = new Counter({
    name: "cocktail_reconcile_errors_total",
    help: "Reconciliations that failed and are retried",
    labelNames: ["controller"],
    registers,
  });
  const time = new Histogram({
    name: "cocktail_reconcile_time_seconds",
    help: "Duration of a reconciliation",
    labelNames: ["controller"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers,
  });
  const retries = new Counter({
    name: "cocktail_workqueue_retries_total",
    help: "Objects requeued with a backoff",
    labelNames: ["controller"],
    registers,
  });
  const depth = new Gauge({
    name: "cocktail_workqueue_depth",
    help: "Objects in the work queue, including those being reconciled",
    registers,
  });
  return {
    reconciled(controller, result, seconds) {
      total.inc({ controller, result });
      if (result === "error") errors.inc({ controller });
      time.observe({ controller }, seconds);
    },
    retried: (controller) => retries.inc({ controller }),
    depth: (keys) => depth.set(keys),
  };
}
