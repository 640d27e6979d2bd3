import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ControllerMetrics } from "../controller/controller-metrics.ts";

/** The metrics of a process, named as controller-runtime and client-go name them, so that existing dashboards and alerts work. */
export interface RuntimeMetrics {
  controller(name: string): ControllerMetrics;
  /** For `onChange` of an Elector. */
  leader(name: string): (isLeader: boolean) => void;
  /** For `onAnswer` of an HttpApi. */
  readonly answered: (answer: {
    readonly code: string;
    readonly method: string;
    readonly host: string;
  }) => void;
}

const seconds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];

export function registerRuntimeMetrics(registry: Registry): RuntimeMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Requests to the API server, by status code, method and host",
    labelNames: ["code", "method", "host"],
    registers,
  });
  const leads = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this process leads",
    labelNames: ["name"],
    registers,
  });
  const reconcile = reconcileMetrics(registers);
  const queue = queueMetrics(registers);
  return {
    controller: (name) => ({ ...reconcile(name), ...queue(name) }),
    leader: (name) => {
      leads.set({ name }, 0);
      return (isLeader) => leads.set({ name }, isLeader ? 1 : 0);
    },
    answered: (labels) => requests.inc(labels),
  };
}

function reconcileMetrics(
  registers: Registry[],
): (name: string) => Pick<ControllerMetrics, "reconciled"> {
  const total = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciliations",
    labelNames: ["controller", "result"],
    registers,
  });
  const errors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciliations that failed",
    labelNames: ["controller"],
    registers,
  });
  const time = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "Duration of a reconciliation",
    labelNames: ["controller"],
    buckets: seconds,
    registers,
  });
  return (controller) => {
    errors.inc({ controller }, 0);
    return {
      reconciled(result, took) {
        total.inc({ controller, result });
        if (result === "error") errors.inc({ controller });
        time.observe({ controller }, took);
      },
    };
  };
}

function queueMetrics(
  registers: Registry[],
): (name: string) => Omit<ControllerMetrics, "reconciled"> {
  const labelNames = ["name"];
  const depth = new Gauge({
    name: "workqueue_depth",
    help: "Keys that wait for a worker",
    labelNames,
    registers,
  });
  const adds = new Counter({
    name: "workqueue_adds_total",
    help: "Keys added",
    labelNames,
    registers,
  });
  const waited = new Histogram({
    name: "workqueue_queue_duration_seconds",
    help: "How long a key waited for a worker",
    labelNames,
    buckets: seconds,
    registers,
  });
  const worked = new Histogram({
    name: "workqueue_work_duration_seconds",
    help: "How long a worker had a key",
    labelNames,
    buckets: seconds,
    registers,
  });
  const retries = new Counter({
    name: "workqueue_retries_total",
    help: "Keys requeued with a backoff",
    labelNames,
    registers,
  });
  return (name) => ({
    added(keys) {
      adds.inc({ name });
      depth.set({ name }, keys);
    },
    started(keys, seconds) {
      depth.set({ name }, keys);
      waited.observe({ name }, seconds);
    },
    finished: (seconds) => worked.observe({ name }, seconds),
    retried: () => retries.inc({ name }),
  });
}
