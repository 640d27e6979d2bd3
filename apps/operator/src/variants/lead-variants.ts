import {
  Engine,
  type IncarnationRef,
  type ObjectStore,
  type RouteTableStore,
} from "@cocktail/control-plane";
import { decideSync, type NamedService, type SourceDocument } from "@cocktail/environment";
import type { Api, ControllerRun } from "@cocktail/kubernetes";
import { type MeshNames, type MeshService, variantClusters } from "@cocktail/mesh";
import { formatVariant, STABLE } from "@cocktail/route";
import { backoffMs, pause, systemClock, WorkQueue } from "@cocktail/work-queue";
import type { XdsWatch } from "@cocktail/xds";
import type { Logger } from "pino";
import type { ClusterChange, ClusterView } from "./cluster-view.ts";
import { KubePlatform } from "./kube-platform.ts";
import { MeshReaders } from "./mesh-readers.ts";
import { MeshWriter } from "./mesh-writer.ts";

export interface LeadVariantsOptions {
  readonly log: Logger;
  readonly names: MeshNames;
  readonly view: ClusterView;
  readonly xds: XdsWatch;
  readonly marginMs: number;
  /** Over the API of a leader. */
  openStore(api: Api): {
    readonly objects: ObjectStore;
    readonly tables: RouteTableStore;
    close(): Promise<void>;
  };
}

const backoff = { firstMs: 500, longestMs: 15_000 };

/** What only the leader does for variants, through every failure. Resolves when the run has ended. */
export async function leadVariants(
  options: LeadVariantsOptions,
  run: ControllerRun,
): Promise<void> {
  const { log, view } = options;
  const end = AbortSignal.any([run.stopping, ...(run.lost === undefined ? [] : [run.lost])]);
  await Promise.all(view.informers.map((each) => each.synced(end))).catch(() => undefined);
  for (let failures = 1; !end.aborted; failures++)
    try {
      await leadOnce(options, run.api, end);
    } catch (err) {
      if (end.aborted) return;
      const retryInMs = backoffMs(failures, backoff);
      log.error({ err, retryInMs }, "variants are not reconciled, retrying");
      await pause(systemClock, retryInMs, end);
    }
}

async function leadOnce(
  { log, names, view, xds, marginMs, openStore }: LeadVariantsOptions,
  api: Api,
  end: AbortSignal,
): Promise<void> {
  const store = openStore(api);
  const clock = systemClock;
  const sourceOf = (service: string, key: string): SourceDocument | undefined =>
    engine.objects.variants.get(formatVariant(service, key))?.spec.source;
  const platform = new KubePlatform({ view, xds, names, sourceOf });
  const keysOf = (service: string): readonly string[] => branchKeysOf(engine, service);
  const writer = new MeshWriter({ api, log, clock, names, view, xds, keysOf });
  const isRoutable = (ref: IncarnationRef): boolean => platform.status(ref).phase === "Ready";
  const readers = new MeshReaders({ writer, clock, signal: end, marginMs, isRoutable });
  const engine: Engine = new Engine({ ...store, platform, readers, log });
  const link = new Link({ engine, platform, writer, view, xds, names, log });
  try {
    await engine.load();
    await link.open();
    engine.start();
    void prune(store.tables, log, end);
    for await (const table of store.tables.watch(undefined, end)) writer.take(table);
  } finally {
    await link.close();
    await engine.stop();
    await writer.stop();
    await store.close();
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

interface LinkOptions {
  readonly engine: Engine;
  readonly platform: KubePlatform;
  readonly writer: MeshWriter;
  readonly view: ClusterView;
  readonly xds: XdsWatch;
  readonly names: MeshNames;
  readonly log: Logger;
}

/** Tells the parts what changed in the others. */
class Link {
  readonly #options: LinkOptions;
  readonly #queue: WorkQueue;
  #stops: readonly (() => void)[] = [];

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      clock: systemClock,
      concurrency: 1,
      backoff,
      work: async () => {
        await this.#sync();
        return {};
      },
      failed: (_, err, retryInMs) =>
        options.log.warn({ err, retryInMs }, "services were not taken over, retrying"),
    });
  }

  /** The engine has to know the services before it starts: it would end stable variants without one. */
  async open(): Promise<void> {
    const { engine, platform, writer, view, xds } = this.#options;
    await this.#sync();
    this.#stops = [
      view.onChange((change) => this.#changed(change)),
      engine.onChange((event) => {
        if (event?.object.kind !== "ServiceVariant") return;
        this.#ask();
        writer.touch(event.object.spec.service);
      }),
      xds.onPush(() => {
        writer.pushed();
        platform.changed();
      }),
    ];
    this.#ask();
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#queue.stop();
  }

  #changed(change: ClusterChange): void {
    const { platform, writer, view } = this.#options;
    switch (change.what) {
      case "variant":
        return platform.changed(change.name);
      case "stable":
        return platform.changed(formatVariant(change.service, STABLE));
      case "written":
        return writer.changed(change.service, change.object, change.isGone);
      case "charts":
        this.#queue.add("services");
        this.#ask();
        platform.changed();
        for (const { name } of view.found.services) writer.touch(name);
    }
  }

  /** The engine's services are those whose charts delegate. */
  async #sync(): Promise<void> {
    const { engine, view, writer, log } = this.#options;
    const { services, faults } = view.found;
    for (const { object, message } of faults)
      log.warn(
        { object: object.metadata.name },
        `a chart that delegates is no service: ${message}`,
      );
    const { writes } = decideSync(engine.objects, services.map(namedService));
    if (writes.length === 0) return;
    await engine.execute(writes, { name: "operator" });
    for (const { name } of writes) writer.touch(name);
  }

  /** Routes of all ports, endpoints of all variants. */
  #ask(): void {
    const { engine, view, xds, names } = this.#options;
    const { services } = view.found;
    const ports = services.flatMap((one) => one.ports.map(({ number }) => String(number)));
    xds.ask("routes", [...new Set(ports)].toSorted());
    const clusters = services.flatMap((one) =>
      branchKeysOf(engine, one.name).flatMap((key) => variantClusters(one, key, names)),
    );
    xds.ask("endpoints", clusters.toSorted());
  }
}

function namedService({ name }: MeshService, position: number): NamedService {
  const source = { kind: "stable" };
  return {
    name,
    spec: { position, entry: false, protocol: "auto", source, entryHash: "mesh" },
  };
}

/** The keys whose objects exist, however far they are. */
function branchKeysOf({ objects }: Engine, service: string): readonly string[] {
  return [...objects.variants.values()]
    .filter(({ spec }) => spec.service === service && spec.key !== STABLE)
    .map(({ spec }) => spec.key)
    .toSorted();
}
