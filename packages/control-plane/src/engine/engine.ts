import {
  type Actor,
  type AnyObject,
  type EnvironmentObject,
  type Facts,
  type Kind,
  type Objects,
  type Write,
  environmentsNaming,
  isLive,
} from "@cocktail/environment";
import { RC, type RouteTable, STABLE, formatVariant, parseVariant } from "@cocktail/route";
import { type WorkResult, WorkQueue } from "@cocktail/work-queue";
import { ControlPlaneError } from "../errors.ts";
import type { Callbacks } from "./act.ts";
import { type Core, createCore } from "./core.ts";
import { type Executed, execute } from "./execute.ts";
import { noMetrics } from "./metrics.ts";
import type { CacheEvent } from "./object-cache.ts";
import { type Sources, variantNames } from "./observe.ts";
import type { EngineOptions } from "./options.ts";
import { parseQueueKey, queueKey, tableKey } from "./queue-key.ts";
import { reconcileEnvironment } from "./reconcile-environment.ts";
import { reconcileService } from "./reconcile-service.ts";
import { reconcileVariant } from "./reconcile-variant.ts";
import { isEveryStableThere, isSettled, isStarting } from "./settled.ts";
import { factsOf, recordLate } from "./status-writer.ts";

/** A change that is visible in a view. */
export interface EngineEvent {
  readonly change: CacheEvent["change"];
  readonly object: AnyObject;
}

/**
 * Reconciles the stored objects: plans, acts on the platform, writes statuses and the route table. The same code on one
 * machine and in a cluster; it knows nothing of HTTP.
 */
export class Engine {
  readonly #core: Core;
  readonly #queue: WorkQueue;
  readonly #publishing = new Set<string>();
  readonly #listeners = new Set<(event: EngineEvent | undefined) => void>();
  #holdUntil = 0;
  #phase: "new" | "running" | "stopped" = "new";
  #unsubscribe: (() => void) | undefined;
  #isSettled = false;

  constructor(options: EngineOptions) {
    this.#core = createCore(options, {
      cacheChanged: (event) => this.#objectChanged(event),
      record: (step) => recordLate(this.#core, step),
      published: (names) => this.#published(names),
    });
    const { limits, clock, log } = this.#core;
    const { retried } = options.metrics ?? noMetrics;
    const { firstBackoffMs: firstMs, longestBackoffMs: longestMs, concurrency } = limits;
    this.#queue = new WorkQueue({
      clock,
      concurrency,
      backoff: { firstMs, longestMs },
      work: (key) => this.#measured(key),
      observer: { retried: (key) => retried(parseQueueKey(key).controller) },
      failed: (object, error, retryInMs) => {
        log.warn({ object, err: error, retryInMs }, "reconcile failed, retrying");
      },
    });
  }

  /** Reads the store. Nothing is reconciled before `start`. Rejects with STORE_UNAVAILABLE. */
  async load(): Promise<void> {
    await this.#core.writer.head();
    await this.#core.cache.start();
  }

  /** Starts reconciling. The first table waits up to `startupBatchMs` for variants that are starting. */
  start(): void {
    if (this.#phase !== "new")
      throw new ControlPlaneError("NOT_READY", `the engine is ${this.#phase}`);
    this.#phase = "running";
    const { clock, limits, platform, cache } = this.#core;
    this.#unsubscribe = platform.onChange(({ service, key }) => {
      this.#core.factsChanged();
      this.#variantChanged(formatVariant(service, key));
      this.#notify(undefined);
    });
    this.#holdUntil = clock.now() + limits.startupBatchMs;
    for (const name of variantNames(this.sources())) this.#variantChanged(name);
    for (const name of cache.index.services.keys()) this.#add("service", name);
    for (const name of cache.index.environments.keys()) this.#add("environment", name);
    this.#queue.addAt(tableKey, this.#holdUntil);
  }

  /** Resolves when every service has its stable variant, at the latest after `limitMs` (one may still be being deleted). */
  async stablesCreated(limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (isEveryStableThere(this.#core) || this.#phase === "stopped") resolve();
    };
    const unsubscribe = this.onChange(check);
    const timer = setTimeout(resolve, limitMs);
    check();
    await promise;
    clearTimeout(timer);
    unsubscribe();
  }

  /** Starts no new work and waits for running work. Doesn't stop workloads. */
  async stop(): Promise<void> {
    if (this.#phase === "stopped") return;
    this.#phase = "stopped";
    this.#unsubscribe?.();
    this.#core.background.stop();
    await this.#queue.stop();
    await this.#core.writer.idle();
    this.#notify(undefined);
    this.#listeners.clear();
  }

  get phase(): "new" | "running" | "stopped" {
    return this.#phase;
  }

  /** The cached objects. */
  get objects(): Objects {
    return this.#core.cache.index;
  }

  /** The cached head of the route table. */
  get table(): RouteTable {
    return this.#core.writer.table;
  }

  sources(): Sources {
    return this.#core.sources();
  }

  /** Refreshes the table and the named objects from the store, for a decision. Rejects with STORE_UNAVAILABLE. */
  async refresh(...named: readonly (readonly [Kind, string])[]): Promise<void> {
    await this.#core.writer.head();
    for (const [kind, name] of named) await this.#core.cache.fresh(kind, name);
  }

  /** Executes the writes of one decision in order; no table is published before the last of them. */
  async execute(writes: readonly Write[], actor: Actor): Promise<Executed> {
    try {
      return await this.#core.holds.during(() => execute(this.#core, writes, actor));
    } finally {
      this.#queue.add(tableKey);
    }
  }

  /** The cached facts about a variant. */
  facts(service: string, key: string): Facts {
    return factsOf(this.#core, { service, key });
  }

  /** Called when a view may have changed; the event is undefined if no object changed. Returns an unsubscribe function. */
  onChange(listener: (event: EngineEvent | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** True once all variants that were stored at the start are ready or have failed, and the table is published. */
  isSettled(): boolean {
    this.#isSettled ||= this.#phase === "running" && isSettled(this.#core);
    return this.#isSettled;
  }

  #add(controller: "service" | "variant" | "environment", name: string): void {
    if (this.#phase === "running") this.#queue.add(queueKey(controller, name).text);
  }

  #objectChanged({ change, object }: CacheEvent): void {
    switch (object.kind) {
      case "Service":
        this.#add("service", object.name);
        break;
      case "ServiceVariant":
        this.#variantChanged(object.name);
        if (object.spec.key === STABLE) this.#add("service", object.spec.service);
        break;
      case "Environment":
        this.#environmentChanged(object, change);
        break;
      case "Ledger":
    }
    this.#notify({ change, object });
  }

  #variantChanged(name: string): void {
    this.#add("variant", name);
    const pin = parseVariant(name);
    if (pin === undefined) return;
    const { service, key } = pin;
    // The candidate is deleted once the table lists the promoted stable.
    if (key === STABLE) this.#add("variant", formatVariant(service, RC));
    const { index } = this.#core.cache;
    for (const layer of environmentsNaming(index, service, key)) this.#add("environment", layer);
    if (index.environments.has(key)) this.#add("environment", key);
  }

  #environmentChanged(object: EnvironmentObject, change: CacheEvent["change"]): void {
    this.#add("environment", object.name);
    if (change === "put" && isLive(object)) return;
    // Its variants are retained until it is gone, and other environments with the same members may wait for it.
    for (const [service, key] of Object.entries(object.spec.members)) {
      this.#variantChanged(formatVariant(service, key));
    }
    for (const variant of this.objects.ofKey(object.name)) this.#variantChanged(variant.name);
    // The deletion of its parent may wait for it.
    this.#add("environment", object.spec.parent);
  }

  #published(names: readonly string[]): void {
    for (const name of names) {
      if (name.includes(":")) this.#variantChanged(name);
      else this.#add("environment", name);
    }
    this.#notify(undefined);
  }

  async #measured(text: string): Promise<WorkResult> {
    const { reconciled, depth } = this.#core.options.metrics ?? noMetrics;
    const { controller } = parseQueueKey(text);
    const from = performance.now();
    const seconds = (): number => (performance.now() - from) / 1000;
    depth(this.#queue.size);
    try {
      const result = await this.#reconcile(text);
      reconciled(controller, result.againAt === undefined ? "success" : "requeue_after", seconds());
      return result;
    } catch (error) {
      reconciled(controller, "error", seconds());
      throw error;
    } finally {
      depth(this.#queue.size);
      this.#notify(undefined);
    }
  }

  async #reconcile(text: string): Promise<WorkResult> {
    const key = parseQueueKey(text);
    const call = { ...this.#calls, settle: () => this.#queue.settle(text) };
    const { name } = key;
    switch (key.controller) {
      case "service":
        return reconcileService(this.#core, queueKey("service", name));
      case "variant":
        return reconcileVariant(this.#core, queueKey("variant", name), call);
      case "environment":
        return reconcileEnvironment(this.#core, queueKey("environment", name), call);
      case "table":
        return this.#publish();
    }
  }

  async #publish(): Promise<WorkResult> {
    const isHeld = this.#core.clock.now() < this.#holdUntil && isStarting(this.#core);
    if (isHeld) return { againAt: this.#holdUntil };
    const requested = [...this.#publishing];
    this.#publishing.clear();
    if (requested.length === 0 && this.#core.nextTable().kind === "unchanged") return {};
    const before = this.#core.writer.table.epoch;
    try {
      await this.#core.writer.publish();
    } catch (error) {
      for (const key of requested) this.#publishing.add(key);
      throw error;
    }
    this.#queue.settle(tableKey);
    // Without a new epoch, an earlier turn published the change, or a defect requests it repeatedly: use a backoff.
    const isNew = this.#core.writer.table.epoch !== before;
    for (const key of requested) {
      if (isNew) this.#queue.add(key);
      else this.#queue.addLater(key);
    }
    return {};
  }

  readonly #calls: Callbacks = {
    again: (key) => {
      this.#queue.add(key);
    },
    againLater: (key) => this.#queue.addLater(key),
    publish: (key) => {
      this.#publishing.add(key);
      this.#queue.add(tableKey);
    },
  };

  #notify(event: EngineEvent | undefined): void {
    for (const listener of this.#listeners) listener(event);
  }
}
