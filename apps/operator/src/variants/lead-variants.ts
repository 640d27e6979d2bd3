import { Engine, type IncarnationRef, type RouteTableStore } from "@cocktail/control-plane";
import type { SourceDocument } from "@cocktail/environment";
import type { Api, ControllerRun } from "@cocktail/kubernetes";
import type { MeshNames } from "@cocktail/mesh";
import { formatVariant } from "@cocktail/route";
import { backoffMs, pause, systemClock } from "@cocktail/work-queue";
import { XdsWatch } from "@cocktail/xds";
import type { Logger } from "pino";
import { KubernetesObjects } from "../store/kubernetes-objects.ts";
import { KubernetesTables } from "../store/tables.ts";
import type { ClusterView } from "./cluster-view.ts";
import { KubePlatform } from "./kube-platform.ts";
import { branchKeysOf, Link } from "./link.ts";
import { MeshReaders } from "./mesh-readers.ts";
import { MeshWriter } from "./mesh-writer.ts";

export interface LeadVariantsOptions {
  readonly log: Logger;
  readonly names: MeshNames;
  readonly view: ClusterView;
  /** Of the services, their variants, environments and route tables. */
  readonly namespace: string;
  /** `host:port` of istiod. */
  readonly xds: string;
  readonly marginMs: number;
}

const backoff = { firstMs: 500, longestMs: 15_000 };

/** What only the leader does for variants, through every failure. Resolves when the run has ended. */
export async function leadVariants(
  options: LeadVariantsOptions,
  run: ControllerRun,
): Promise<void> {
  const { log, view, namespace, xds: address } = options;
  const end = AbortSignal.any([run.stopping, ...(run.lost === undefined ? [] : [run.lost])]);
  const xds = new XdsWatch({
    address,
    node: { namespace, name: "cocktail-operator", ip: "127.0.0.1" },
    onError: (err, retryInMs) =>
      log.warn({ err, address, retryInMs }, "istiod doesn't tell what it pushes, retrying"),
  });
  const pushes = xds.run(end);
  await Promise.all(view.informers.map((each) => each.synced(end))).catch(() => undefined);
  for (let failures = 1; !end.aborted; failures++)
    try {
      await leadOnce({ ...options, watch: xds }, run.api, end);
    } catch (err) {
      if (end.aborted) break;
      const retryInMs = backoffMs(failures, backoff);
      log.error({ err, retryInMs }, "variants are not reconciled, retrying");
      await pause(systemClock, retryInMs, end);
    }
  await pushes;
}

async function leadOnce(
  {
    log,
    names,
    view,
    namespace,
    marginMs,
    watch: xds,
  }: LeadVariantsOptions & { readonly watch: XdsWatch },
  api: Api,
  end: AbortSignal,
): Promise<void> {
  const home = { home: namespace, scope: { namespace }, namespaceOf: () => namespace };
  const objects = new KubernetesObjects({ api, log, ...home });
  const tables = new KubernetesTables({ api, log, namespace });
  const clock = systemClock;
  const sourceOf = (service: string, key: string): SourceDocument | undefined =>
    engine.objects.variants.get(formatVariant(service, key))?.spec.source;
  const faultOf = (service: string): string | undefined => writer.faultOf(service);
  const platform = new KubePlatform({ view, xds, names, sourceOf, faultOf });
  const keysOf = (service: string): readonly string[] => branchKeysOf(engine, service);
  const writer: MeshWriter = new MeshWriter({ api, log, clock, names, view, xds, keysOf });
  const isRoutable = (ref: IncarnationRef): boolean => platform.status(ref).phase === "Ready";
  const readers = new MeshReaders({ writer, clock, signal: end, marginMs, isRoutable });
  const engine: Engine = new Engine({ objects, tables, platform, readers, log });
  const link = new Link({ engine, platform, writer, view, xds, names, log });
  try {
    await engine.load();
    await link.open();
    engine.start();
    void prune(tables, log, end);
    for await (const table of tables.watch(undefined, end)) writer.take(table);
  } finally {
    await link.close();
    await engine.stop();
    await writer.stop();
    objects.close();
    await tables.close();
  }
}

const hourMs = 3_600_000;
/** Messages that are older have no owner to be found. */
const historyMs = 14 * 24 * hourMs;

async function prune(tables: RouteTableStore, log: Logger, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    await pause(systemClock, hourMs, end);
    if (end.aborted) return;
    await tables
      .prune(new Date(systemClock.now() - historyMs))
      .catch((err: unknown) => log.warn({ err }, "old route tables were not removed"));
  }
}
