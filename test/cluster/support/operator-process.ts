// A process of an operator, for tests that pause and end it. For each ConfigMap with the label `role: input` it writes objects
// `generateName: output-`, as fast as it may; its lines say what it does.
import {
  Elector,
  HttpApi,
  Informer,
  KubeConfig,
  registerRuntimeMetrics,
  runOperator,
  serveHealth,
} from "@cocktail/kubernetes";
import { Registry } from "prom-client";
import { configMaps, TestLog } from "./kube.ts";

const [identity = "", namespace = "", slowMs = "0"] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

class SayingLog extends TestLog {
  override warn(fields: object, message: string): void {
    say(`warn ${message} ${"err" in fields ? String(fields.err) : ""}`);
  }
}

const config = new KubeConfig();
config.loadFromDefault();
const log = new SayingLog();
const registry = new Registry();
const metrics = registerRuntimeMetrics(registry);
const api = new HttpApi({ config, userAgent: identity, onAnswer: metrics.answered });
const informer = new Informer({
  api,
  resource: configMaps,
  namespace,
  labelSelector: "role=input",
  log,
});
const leads = metrics.leader("operator");
const elector = new Elector({
  api,
  lease: { namespace, name: "operator" },
  identity,
  log,
  timing: { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 300 },
  onChange: (isLeader) => {
    leads(isLeader);
    say(isLeader ? "leads" : "leads no more");
  },
});
const stop = new AbortController();
process.once("SIGTERM", () => {
  say("stopping");
  stop.abort();
});
const health = await serveHealth({
  host: "127.0.0.1",
  port: 0,
  registry,
  ready: { caches: () => (informer.hasSynced ? undefined : "not synced") },
});
say(`health ${health.port}`);
await runOperator(
  {
    api,
    informers: [informer],
    elector,
    controllers: [
      {
        name: "outputs",
        log,
        watches: [{ informer, keys: ({ metadata: { name } }) => [name] }],
        metrics: metrics.controller("outputs"),
        reconcile: async (key, context) => {
          say(`begins ${key}`);
          await new Promise((resolve) => setTimeout(resolve, Number(slowMs)));
          // Without the signal of the context: the fence alone must be enough.
          const path = `/api/v1/namespaces/${namespace}/configmaps`;
          const body = {
            metadata: { generateName: "output-", labels: { role: "output" } },
            data: { identity },
          };
          await context.api.request({ method: "POST", path, body });
          say(`ends ${key}`);
          return { requeueAfterMs: 20 };
        },
      },
    ],
  },
  stop.signal,
);
await health.close();
say("over");
