import type { Engine } from "@cocktail/control-plane";
import { decideSync, type NamedService } from "@cocktail/environment";
import { type MeshNames, type MeshService, variantClusters } from "@cocktail/mesh";
import { STABLE } from "@cocktail/route";
import { systemClock, WorkQueue } from "@cocktail/work-queue";
import type { XdsWatch } from "@cocktail/xds";
import type { Logger } from "pino";
import type { ClusterChange, ClusterView } from "./cluster-view.ts";
import type { KubePlatform } from "./kube-platform.ts";
import type { MeshWriter } from "./mesh-writer.ts";

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
export class Link {
  readonly #options: LinkOptions;
  readonly #queue: WorkQueue;
  #stops: readonly (() => void)[] = [];
  #faults: ReadonlySet<string> = new Set();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      clock: systemClock,
      concurrency: 1,
      backoff: { firstMs: 500, longestMs: 15_000 },
      work: async () => {
        await this.#chartsChanged();
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
    const { platform, writer } = this.#options;
    switch (change.what) {
      case "variant":
        return platform.changed(change.name);
      case "written":
        return writer.changed(change.service, change.object, change.isGone);
      case "charts":
        // Many at once are one change: each concerns every service.
        return this.#queue.add("charts");
    }
  }

  async #chartsChanged(): Promise<void> {
    const { platform, writer, view } = this.#options;
    await this.#sync();
    this.#ask();
    platform.changed();
    for (const { name } of view.found.services) writer.touch(name);
  }

  /** The engine's services are those whose charts delegate. */
  async #sync(): Promise<void> {
    const { engine, view, writer } = this.#options;
    const { services, faults } = view.found;
    this.#report(faults.map(({ object, message }) => `${object.metadata.name}: ${message}`));
    const { writes } = decideSync(engine.objects, services.map(namedService));
    if (writes.length === 0) return;
    await engine.execute(writes, { name: "operator" });
    for (const { name } of writes) writer.touch(name);
  }

  /** Each fault once, as long as it lasts. */
  #report(faults: readonly string[]): void {
    const { log } = this.#options;
    for (const fault of faults)
      if (!this.#faults.has(fault)) log.warn({ fault }, "a chart that delegates is of no service");
    this.#faults = new Set(faults);
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

function namedService({ name }: MeshService): NamedService {
  const source = { kind: "stable" };
  return {
    name,
    // Nothing of a chart's content: it is deployed without us.
    spec: { position: 0, entry: false, protocol: "auto", source, entryHash: "mesh" },
  };
}

/** The keys whose objects exist, however far they are. */
export function branchKeysOf({ objects }: Engine, service: string): readonly string[] {
  return [...objects.variants.values()]
    .filter(({ spec }) => spec.service === service && spec.key !== STABLE)
    .map(({ spec }) => spec.key)
    .toSorted();
}
