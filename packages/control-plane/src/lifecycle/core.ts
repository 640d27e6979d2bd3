import { randomBytes } from "node:crypto";
import { type Policy, type RecordStep, defaultPolicy } from "@cocktail/environment";
import { type HeaderNames, defaultHeaderNames } from "@cocktail/route";
import { type Logger, silentLogger } from "../log.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Background } from "./background.ts";
import { type Clock, systemClock } from "./clock.ts";
import { decideRecord } from "./decide-record.ts";
import { Knowledge } from "./knowledge.ts";
import { type Sources, observeAll } from "./observe.ts";
import { type LifecycleLimits, type LifecycleOptions, defaultLifecycleLimits } from "./options.ts";
import type { Platform, Readers } from "./platform.ts";
import { StateCache } from "./state-cache.ts";
import { TableWriter } from "./table-writer.ts";

/** What every part of the lifecycle service works with. */
export interface Core {
  readonly log: Logger;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly limits: LifecycleLimits;
  readonly headerNames: HeaderNames;
  readonly options: LifecycleOptions;
  readonly run: string;
  readonly platform: Platform;
  readonly readers: Readers;
  readonly state: StateCache;
  readonly writer: TableWriter;
  readonly knowledge: Knowledge;
  readonly acknowledgements: Acknowledgements;
  readonly background: Background;
  /** Writes a step of a record, if the facts of now still ask for it. */
  record(step: RecordStep): Promise<void>;
  /** Facts as last known, without asking anybody. */
  sources(): Sources;
  /** Facts for a decision: rejects while the store is away and what is stored is not known. */
  freshSources(): Promise<Sources>;
}

export function createCore(
  options: LifecycleOptions,
  onPublished: (names: readonly string[]) => void,
): Core {
  const { platform, readers, store } = options;
  const log = options.log ?? silentLogger;
  const run = options.run ?? randomBytes(8).toString("hex");
  const clock = options.clock ?? systemClock;
  const policy = { ...defaultPolicy, ...options.policy };
  const knowledge = new Knowledge();
  const background = new Background();
  const state = new StateCache(store);
  const acknowledgements = new Acknowledgements(readers, background.signal);
  const base = { platform, knowledge, acknowledgements, run };
  const record = async (step: RecordStep): Promise<void> => {
    await state.update((known) => {
      const sources = { ...base, state: known, table: writer.table };
      return decideRecord(sources, step, { now: clock.now(), policy });
    });
  };
  const writer: TableWriter = createWriter({ ...base, store, log, state, record }, onPublished);
  return {
    ...base,
    log,
    clock,
    policy,
    limits: { ...defaultLifecycleLimits, ...options.limits },
    headerNames: options.headerNames ?? defaultHeaderNames,
    options,
    readers,
    state,
    writer,
    background,
    record,
    sources: () => ({ ...base, state: state.known, table: writer.table }),
    freshSources: async () => ({ ...base, state: await state.fresh(), table: await writer.head() }),
  };
}

type WriterParts = Pick<
  Core,
  "acknowledgements" | "knowledge" | "log" | "platform" | "record" | "run" | "state"
> &
  Pick<LifecycleOptions, "store">;

/** The writer of the table, with the knowledge that follows from what it does. */
function createWriter(
  { log, record, state, store, ...base }: WriterParts,
  onPublished: (names: readonly string[]) => void,
): TableWriter {
  const { acknowledgements, knowledge } = base;
  return new TableWriter({
    store,
    log,
    state: () => state.fresh(),
    inputs: (indexed, table) => observeAll({ ...base, state: indexed, table }),
    record,
    published: (plan) => {
      const { epoch } = plan.table;
      const names = [...plan.variants, ...plan.environments];
      knowledge.changed(names, epoch);
      log.info({ epoch, changed: names }, "route table published");
      onPublished(names);
    },
    adopted: (table) => {
      knowledge.setBaseline(table.epoch);
      acknowledgements.reset();
    },
  });
}
