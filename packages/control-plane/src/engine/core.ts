import type { Logger } from "@cocktail/client";
import {
  type Actor,
  type Policy,
  type TablePlan,
  defaultPolicy,
  isEqualDocument,
  planTable,
} from "@cocktail/environment";
import { silentLogger } from "../log.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Background } from "./background.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type CacheEvent, ObjectCache, type ObjectCacheOptions } from "./object-cache.ts";
import { type Sources, observeAll, wantedLayers } from "./observe.ts";
import { type EngineLimits, type EngineOptions, defaultEngineLimits } from "./options.ts";
import type { Platform, Readers } from "./platform.ts";
import { RuntimeFacts } from "./runtime-facts.ts";
import { recordLate } from "./status-writer.ts";
import { TableWriter } from "./table-writer.ts";

/** Who changes what nobody asked for: lifetimes that are over, promotions that are done. */
export const engineActor: Actor = { name: "engine" };

/** What every part of the engine works with. */
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
  /** Facts as last known, without asking anybody. */
  sources(): Sources;
  /** The table as it would be published now. Planned once for all who ask, until a fact changes. */
  nextTable(): TablePlan;
  /** A fact that the table is planned from has changed. */
  factsChanged(): void;
}

export interface CoreEvents {
  readonly cacheChanged: ObjectCacheOptions["changed"];
  readonly published: (names: readonly string[]) => void;
}

export function createCore(options: EngineOptions, events: CoreEvents): Core {
  const { objects, platform, readers, tables } = options;
  const log = options.log ?? silentLogger;
  const facts = new RuntimeFacts();
  const background = new Background();
  const acknowledgements = new Acknowledgements(readers, background.signal);
  let planned: { readonly sources: Sources; readonly plan: TablePlan } | undefined;
  const cache = new ObjectCache({
    objects,
    log,
    signal: background.signal,
    changed: (event) => {
      if (concernsTable(event)) planned = undefined;
      events.cacheChanged(event);
    },
  });
  const sources = (): Sources => ({
    objects: cache.index,
    table: writer.table,
    platform,
    facts,
    acknowledgements,
  });
  const nextTable = (): TablePlan => {
    if (planned === undefined || planned.sources.table !== writer.table) {
      const now = sources();
      const plan = planTable(now.table, observeAll(now), wantedLayers(now));
      planned = { sources: now, plan };
    }
    return planned.plan;
  };
  const core: Core = {
    log,
    clock: options.clock ?? systemClock,
    policy: { ...defaultPolicy, ...options.policy },
    limits: { ...defaultEngineLimits, ...options.limits },
    options,
    platform,
    readers,
    objects,
    cache,
    get writer() {
      return writer;
    },
    facts,
    acknowledgements,
    background,
    sources,
    nextTable,
    factsChanged: () => {
      planned = undefined;
    },
  };
  const writer: TableWriter = new TableWriter({
    tables,
    log,
    plan: nextTable,
    inputs: () => observeAll(sources()),
    record: (step) => recordLate(core, step),
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
  return core;
}

/** False for a change that no table is planned from, such as that of a condition. */
function concernsTable({ change, object, before }: CacheEvent): boolean {
  if (change === "removed" || before?.uid !== object.uid) return true;
  if (before.generation !== object.generation || before.deletedAt !== object.deletedAt) return true;
  if (object.kind !== "ServiceVariant" || before.kind !== "ServiceVariant") return false;
  return !isEqualDocument(before.status?.incarnations, object.status?.incarnations);
}
