import type { Logger } from "@cocktail/client";
import {
  type Actor,
  type Policy,
  type RecordStep,
  type TablePlan,
  defaultPolicy,
  isEqualDocument,
  planTable,
} from "@cocktail/environment";
import type { RouteTable } from "@cocktail/route";
import { type Clock, systemClock } from "@cocktail/work-queue";
import { silentLogger } from "../log.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Background } from "./background.ts";
import { type CacheEvent, ObjectCache, type ObjectCacheOptions } from "./object-cache.ts";
import { type Sources, observeAll, desiredLayers } from "./observe.ts";
import { type EngineLimits, type EngineOptions, defaultEngineLimits } from "./options.ts";
import type { Platform, Readers } from "./platform.ts";
import { RuntimeFacts } from "./runtime-facts.ts";
import { TableHolds } from "./table-holds.ts";
import { TableWriter } from "./table-writer.ts";

/** The actor of changes that follow from no request: expired lifetimes, finished promotions. */
export const engineActor: Actor = { name: "engine" };

/** The state and ports that all parts of the engine share. */
export interface Core {
  readonly log: Logger;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly limits: EngineLimits;
  readonly options: EngineOptions;
  readonly platform: Platform;
  readonly readers: Readers;
  readonly objects: ObjectStore;
  readonly cache: ObjectCache;
  readonly writer: TableWriter;
  readonly facts: RuntimeFacts;
  readonly acknowledgements: Acknowledgements;
  readonly background: Background;
  readonly holds: TableHolds;
  /** The cached facts; reads nothing from store, platform or readers. */
  sources(): Sources;
  /** The table that would be published now. Cached until a fact changes. */
  nextTable(): TablePlan;
  /** Invalidates the cached plan of the table. */
  factsChanged(): void;
}

export interface CoreEvents {
  readonly cacheChanged: ObjectCacheOptions["changed"];
  readonly published: (names: readonly string[]) => void;
  /** Writes a stale record. */
  readonly record: (step: RecordStep) => Promise<void>;
}

export function createCore(options: EngineOptions, events: CoreEvents): Core {
  const { objects, platform, readers } = options;
  const log = options.log ?? silentLogger;
  const facts = new RuntimeFacts();
  const background = new Background();
  const { signal } = background;
  const holds = new TableHolds();
  const acknowledgements = new Acknowledgements(readers, signal);
  const cache = new ObjectCache({
    objects,
    log,
    signal,
    changed: (event) => {
      if (concernsTable(event)) planner.forget();
      events.cacheChanged(event);
    },
  });
  const base = { platform, facts, acknowledgements, objects: cache.index };
  const planner: TablePlanner = new TablePlanner(() => ({ ...base, table: writer.table }));
  const writer = createWriter({ ...base, log, holds, planner, tables: options.tables, events });
  return {
    log,
    clock: options.clock ?? systemClock,
    policy: { ...defaultPolicy, ...options.policy },
    limits: { ...defaultEngineLimits, ...options.limits },
    options,
    platform,
    readers,
    objects,
    cache,
    writer,
    facts,
    acknowledgements,
    background,
    holds,
    sources: () => planner.sources(),
    nextTable: () => planner.plan(),
    factsChanged: () => planner.forget(),
  };
}

/** Caches the plan of the next table until a fact changes. */
class TablePlanner {
  readonly sources: () => Sources;
  #planned: { readonly table: RouteTable; readonly plan: TablePlan } | undefined;

  constructor(sources: () => Sources) {
    this.sources = sources;
  }

  plan(): TablePlan {
    const now = this.sources();
    if (this.#planned?.table !== now.table) {
      const plan = planTable(now.table, observeAll(now), desiredLayers(now));
      this.#planned = { table: now.table, plan };
    }
    return this.#planned.plan;
  }

  forget(): void {
    this.#planned = undefined;
  }
}

interface WriterParts extends Pick<Core, "acknowledgements" | "facts" | "holds" | "log"> {
  readonly planner: TablePlanner;
  readonly tables: EngineOptions["tables"];
  readonly events: CoreEvents;
}

/** A table writer that updates the runtime facts. */
function createWriter(parts: WriterParts): TableWriter {
  const { acknowledgements, events, facts, holds, log, planner, tables } = parts;
  return new TableWriter({
    tables,
    log,
    plan: () => planner.plan(),
    held: () => holds.pending,
    inputs: () => observeAll(planner.sources()),
    record: events.record,
    published: ({ table, variants, environments }) => {
      const names = [...variants, ...environments];
      facts.changed(names, table.epoch);
      log.info({ epoch: table.epoch, changed: names }, "route table published");
      events.published(names);
    },
    adopted: (table) => {
      facts.setBaseline(table.epoch);
      acknowledgements.reset();
    },
  });
}

/** False for changes that don't affect the table, such as conditions. */
function concernsTable({ change, object, before }: CacheEvent): boolean {
  if (change === "removed" || before?.uid !== object.uid) return true;
  if (before.generation !== object.generation || before.deletedAt !== object.deletedAt) return true;
  if (object.kind !== "ServiceVariant" || before.kind !== "ServiceVariant") return false;
  return !isEqualDocument(before.status?.incarnations, object.status?.incarnations);
}
