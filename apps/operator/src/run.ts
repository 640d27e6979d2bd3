import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import {
  type ControllerRun,
  type ElectionTiming,
  Elector,
  EventRecorder,
  HttpApi,
  type Informer,
  keyOf,
  type KubeConfig,
  registerRuntimeMetrics,
  runOperator,
  serveHealth,
} from "@cocktail/kubernetes";
import { defaultMeshNames, type MeshNames } from "@cocktail/mesh";
import { systemClock } from "@cocktail/work-queue";
import type { Logger } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { findKinds, loadConfig } from "./cluster.ts";
import { StartFailure } from "./failure.ts";
import { Caches } from "./merge/caches.ts";
import { registerMergeMetrics } from "./merge/metrics.ts";
import { MergeReconciler } from "./merge/reconcile.ts";
import type { OperatorSettings } from "./options.ts";
import { ClusterView } from "./variants/cluster-view.ts";
import { leadVariants } from "./variants/lead-variants.ts";

/** Of the lease, and in logs of the API server. */
const name = "cocktail-operator";
const controller = "cocktail.dev/operator";
const queue = "virtual-service-merge";

/** Runs until the signal, and resolves when everything has ended. Rejects with a StartFailure. */
export async function run(
  settings: OperatorSettings,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const config = loadConfig(settings);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = registerRuntimeMetrics(registry);
  const api = new HttpApi({ config, userAgent: name, onAnswer: metrics.answered });
  try {
    const caches = await openCaches(api, { settings, log, config });
    const { watches } = caches;
    const variants = openVariants(api, { settings, log });
    const informers = [...caches.informers, ...(variants?.informers ?? [])];
    const identity = `${hostname()}_${randomUUID()}`;
    const events = new EventRecorder({ api, controller, instance: identity, log });
    const reconciler = new MergeReconciler({
      ...settings,
      caches,
      events,
      log,
      names: namesOf(settings),
      clock: systemClock,
      metrics: registerMergeMetrics(registry),
    });
    const reconcile = reconciler.reconcile.bind(reconciler);
    const merging = { name: queue, log, watches, reconcile, metrics: metrics.controller(queue) };
    const lease = { namespace: settings.leaseNamespace ?? ownNamespace(config), name };
    const elector = new Elector({
      api,
      lease,
      identity,
      log,
      timing: timingOf(settings),
      onChange: metrics.leader(name),
    });
    await using health = await listen(settings.health, registry, caches);
    log.info({ health: health.port, lease: keyOf(lease) }, "waits for its lease");
    const jobs = variants === undefined ? [] : [variants.lead];
    await runOperator({ api, informers, elector, controllers: [merging], jobs }, signal);
  } finally {
    await api.close();
  }
}

/** In the proportions of client-go: a lost renewal may be repeated. */
function timingOf({ leaseSeconds }: OperatorSettings): ElectionTiming {
  const leaseMs = leaseSeconds * 1_000;
  return { leaseMs, renewDeadlineMs: (leaseMs * 2) / 3, retryMs: (leaseMs * 2) / 15 };
}

function namesOf({ clusterDomain }: OperatorSettings): MeshNames {
  return { ...defaultMeshNames, clusterDomain };
}

async function openCaches(
  api: HttpApi,
  {
    settings,
    log,
    config,
  }: {
    readonly settings: OperatorSettings;
    readonly log: Logger;
    readonly config: KubeConfig;
  },
): Promise<Caches> {
  const server = config.getCurrentCluster()?.server ?? "no cluster";
  const { merges: mergeKinds, hasRollouts } = await findKinds(api, server);
  const { namespaces } = settings;
  const kinds = mergeKinds.map(({ apiVersion }) => apiVersion);
  const places = namespaces.length === 0 ? "all" : namespaces;
  log.info({ server, kinds, namespaces: places }, "watches VirtualServiceMerges");
  return new Caches({ api, log, names: namesOf(settings), namespaces, mergeKinds, hasRollouts });
}

interface Variants {
  readonly informers: readonly Informer[];
  lead(run: ControllerRun): Promise<void>;
}

/** Undefined if it is not asked to reconcile variants. */
function openVariants(
  api: HttpApi,
  { settings, log }: { readonly settings: OperatorSettings; readonly log: Logger },
): Variants | undefined {
  const { variants: namespace } = settings;
  if (namespace === undefined) return undefined;
  const names = namesOf(settings);
  const view = new ClusterView({ api, log, names, namespace });
  const options = { ...settings, log, names, view, namespace };
  return { informers: view.informers, lead: (run) => leadVariants(options, run) };
}

async function listen(
  { host, port }: OperatorSettings["health"],
  registry: Registry,
  { informers }: Caches,
): Promise<AsyncDisposable & { readonly port: number }> {
  const caches = (): string | undefined =>
    informers.every(({ hasSynced }) => hasSynced) ? undefined : "not complete yet";
  try {
    const server = await serveHealth({ host, port, registry, ready: { caches } });
    return { port: server.port, [Symbol.asyncDispose]: () => server.close() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new StartFailure(
      `${host}:${port} can't be listened on: ${message}`,
      "choose another with --health HOST:PORT; port 0 takes any free one",
      2,
    );
  }
}

const ofPod = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

function ownNamespace(config: KubeConfig): string {
  try {
    return readFileSync(ofPod, "utf8").trim();
  } catch {
    return config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  }
}
