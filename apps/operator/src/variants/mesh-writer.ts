import {
  type Api,
  applyObject,
  deleteObject,
  type KubeObject as ApiObject,
  type Logger,
  type Resource,
} from "@cocktail/kubernetes";
import { type KubeObject, type MeshNames, UnsupportedService } from "@cocktail/mesh";
import type { RouteTable, TableId } from "@cocktail/route";
import { type Clock, WorkQueue, type WorkResult } from "@cocktail/work-queue";
import type { XdsWatch } from "@cocktail/xds";
import {
  destinationRules,
  envoyFilters,
  fieldManager,
  services,
  virtualServices,
} from "../kinds.ts";
import type { ClusterView } from "./cluster-view.ts";
import { EpochsInForce } from "./epochs-in-force.ts";
import {
  adoptedTable,
  decisionsText,
  markerOf,
  renderRoutes,
  type RoutesInput,
} from "./mesh-routes.ts";

export interface MeshWriterOptions {
  readonly api: Api;
  readonly log: Logger;
  readonly clock: Clock;
  readonly names: MeshNames;
  readonly view: ClusterView;
  readonly xds: XdsWatch;
  /** The keys of a service whose objects exist, in the table or not: each has a cluster. */
  keysOf(service: string): readonly string[];
}

/** What was written for a service. */
interface Written {
  /** The table in which its decisions last changed. */
  readonly marked: TableId;
  readonly decisions: string;
  /** By kind and name: what was written, and as which version. */
  readonly objects: ReadonlyMap<string, WrittenObject>;
}

interface WrittenObject {
  readonly text: string;
  readonly resourceVersion: string | undefined;
}

const written: readonly Resource[] = [services, destinationRules, virtualServices, envoyFilters];

/** Writes what routes each service by the table, and knows up to which epoch proxies route. Only the leader has one. */
export class MeshWriter {
  readonly inForce = new EpochsInForce();
  readonly #options: MeshWriterOptions;
  readonly #queue: WorkQueue;
  readonly #written = new Map<string, Written>();
  readonly #decisions = new Map<string, string>();
  readonly #faults = new Map<string, string>();
  /** By service: objects that are written again, whatever was written last. */
  readonly #spoiled = new Map<string, Set<string>>();
  /** What has to be seen in the pushed routes, and which epoch is in force then. */
  readonly #markers = new Map<string, { readonly marker: string; readonly epoch: number }>();
  #table: RouteTable | undefined;

  constructor(options: MeshWriterOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#queue = new WorkQueue({
      clock,
      concurrency: 8,
      backoff: { firstMs: 50, longestMs: 10_000 },
      work: (service) => this.#write(service),
      failed: (service, err, retryInMs) =>
        log.warn({ err, service, retryInMs }, "routes were not written, retrying"),
    });
  }

  /** Why a service can't be routed. */
  faultOf(service: string): string | undefined {
    return this.#faults.get(service);
  }

  take(table: RouteTable): void {
    const names = new Set([...Object.keys(table.services), ...this.#decisions.keys()]);
    for (const { name } of this.#options.view.found.services) names.add(name);
    const changed = [...names].filter((name) => {
      const text = decisionsText(table, name);
      const isChanged = this.#decisions.get(name) !== text;
      this.#decisions.set(name, text);
      return isChanged;
    });
    this.#table = table;
    this.inForce.changed(table.epoch, changed);
    for (const name of changed) this.touch(name);
  }

  /** Something of a service changed: its chart, its keys, or an object that was written. */
  touch(service: string): void {
    this.#queue.add(service);
  }

  /** An object may not be as it was written: somebody else changed or removed it. Then it is written again. */
  changed(service: string, object: ApiObject, isGone: boolean): void {
    const key = keyOfObject(object);
    const own = this.#written.get(service)?.objects.get(key);
    const isOwn = own === undefined || own.resourceVersion === object.metadata.resourceVersion;
    if (!isGone && isOwn) return;
    const spoiled = this.#spoiled.get(service) ?? new Set<string>();
    this.#spoiled.set(service, spoiled.add(key));
    this.touch(service);
  }

  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  async #write(name: string): Promise<WorkResult> {
    const table = this.#table;
    if (table === undefined) return {};
    const { names, keysOf, view } = this.#options;
    const service = view.service(name);
    if (service === undefined) {
      await this.#unroute(name);
      return {};
    }
    const spoiled = this.#spoiled.get(name) ?? new Set();
    // What is spoiled from now on is for the next time, even if this one writes it before.
    this.#spoiled.delete(name);
    try {
      this.#faults.delete(name);
      await this.#route({ service, table, waiting: keysOf(name), names }, spoiled);
    } catch (error) {
      if (!(error instanceof UnsupportedService)) {
        this.#spoiled.set(name, new Set([...spoiled, ...(this.#spoiled.get(name) ?? [])]));
        throw error;
      }
      this.#faults.set(name, error.message);
      this.#options.log.warn({ service: name, reason: error.reason }, error.message);
      // What was written before is of another chart, and nothing would keep it right.
      await this.#unroute(name);
    }
    return {};
  }

  async #route(input: RoutesInput, spoiled: ReadonlySet<string>): Promise<void> {
    const { service, table } = input;
    const { name } = service;
    // Kept beside the table by `take`.
    const decisions = this.#decisions.get(name) ?? decisionsText(table, name);
    const before = this.#written.get(name);
    const { epoch, tag } = table;
    const marked = this.#markedOf(input, before, decisions) ?? { epoch, tag };
    const known = new Map([...(before?.objects ?? [])].filter(([key]) => !spoiled.has(key)));
    const objects = await this.#apply(renderRoutes(input, marked), known);
    await this.#removeOthers(name, new Set(objects.keys()));
    this.#written.set(name, { marked, decisions, objects });
    this.#await(name, markerOf(name, marked), table.epoch);
  }

  /** The table that the objects are marked with, if their decisions are still the same. */
  #markedOf(
    input: RoutesInput,
    before: Written | undefined,
    decisions: string,
  ): TableId | undefined {
    if (before !== undefined) return before.decisions === decisions ? before.marked : undefined;
    const filters = this.#options.view
      .writtenFor(input.service.name)
      .filter(({ kind }) => kind === envoyFilters.kind);
    return adoptedTable(
      input,
      filters.map((filter) => filter["spec"]),
    );
  }

  /** Stable alone serves it, and nothing is waited for. */
  async #unroute(service: string): Promise<void> {
    await this.#removeOthers(service, new Set());
    this.#written.delete(service);
    this.#markers.delete(service);
    this.inForce.forget(service);
  }

  async #apply(
    all: readonly KubeObject[],
    before: ReadonlyMap<string, WrittenObject>,
  ): Promise<ReadonlyMap<string, WrittenObject>> {
    const { api } = this.#options;
    const objects = new Map<string, WrittenObject>();
    for (const object of all) {
      const text = JSON.stringify(object);
      const key = keyOfObject(object);
      const known = before.get(key);
      if (known?.text === text) {
        objects.set(key, known);
        continue;
      }
      const options = { fieldManager, force: true };
      const { metadata } = await applyObject(api, resourceOf(object), { ...object }, options);
      objects.set(key, { text, resourceVersion: metadata.resourceVersion });
    }
    return objects;
  }

  /** Removes what was written for a service once and no longer belongs to it. */
  async #removeOthers(service: string, kept: ReadonlySet<string>): Promise<void> {
    const { api, view } = this.#options;
    for (const object of view.writtenFor(service)) {
      if (kept.has(keyOfObject(object))) continue;
      const { metadata } = object;
      await deleteObject(api, resourceOf(object), metadata, { uid: metadata.uid });
    }
  }

  #await(service: string, marker: string, epoch: number): void {
    const { xds } = this.#options;
    if (xds.snapshot.contains("routes", marker)) {
      this.#markers.delete(service);
      this.inForce.seen(service, epoch);
      return;
    }
    // Looked at again with each push; a later write waits for its own marker.
    this.#markers.set(service, { marker, epoch });
  }

  /** After each push. */
  pushed(): void {
    for (const [service, { marker, epoch }] of this.#markers)
      if (this.#options.xds.snapshot.contains("routes", marker)) {
        this.#markers.delete(service);
        this.inForce.seen(service, epoch);
      }
  }
}

function keyOfObject({
  kind = "",
  metadata: { namespace = "", name },
}: KubeObject | ApiObject): string {
  return `${kind} ${namespace}/${name}`;
}

function resourceOf({ kind }: KubeObject | ApiObject): Resource {
  const found = written.find((one) => one.kind === kind);
  if (found === undefined) throw new RangeError(`${kind} is not written`);
  return found;
}
