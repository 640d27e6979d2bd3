import {
  type DesiredEnvironment,
  type IncarnationRef,
  type ObservedEnvironment,
  type ObservedIncarnation,
  type ObservedVariant,
  type ObservedWorkload,
  type TableInput,
  absentWorkload,
  childrenOf,
  formatIncarnation,
  promotedGeneration,
} from "@cocktail/environment";
import { RC, type RouteTable, STABLE, formatVariant, own } from "@cocktail/route";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Platform, WorkloadRef } from "./platform.ts";
import type { IndexedState } from "./state-cache.ts";

/** Where facts come from, at one moment. */
export interface Sources {
  readonly state: IndexedState;
  readonly table: RouteTable;
  readonly platform: Pick<Platform, "status">;
  readonly knowledge: Knowledge;
  readonly acknowledgements: Pick<Acknowledgements, "epoch">;
  readonly run: string;
}

export interface VariantName {
  readonly service: string;
  readonly key: string;
}

/** Everything known of one variant, with what is wanted of it. */
export function observeVariant(sources: Sources, { service, key }: VariantName): TableInput {
  const input = observeAlone(sources, { service, key });
  if (key !== RC) return input;
  const promoted = promotedInTable(observeAlone(sources, { service, key: STABLE }));
  return { ...input, observed: { ...input.observed, promoted } };
}

function observeAlone(sources: Sources, { service, key }: VariantName): TableInput {
  const { state, table, knowledge, acknowledgements, run } = sources;
  const name = formatVariant(service, key);
  const probe = knowledge.probed.get(name);
  const observed: ObservedVariant = {
    service,
    key,
    incarnations: state.incarnations(name).map((record): ObservedIncarnation => {
      const ref = formatIncarnation(record);
      return {
        record,
        workload: record.run === run ? workloadOf(sources, record) : absentWorkload,
        drain: knowledge.drained.get(ref) ?? "unknown",
        isRemoved: knowledge.removed.has(ref),
      };
    }),
    lastIncarnation: state.lastIncarnation(service, key),
    route: {
      entry: own(own(table.services, service) ?? {}, key),
      changedAt: knowledge.changedAt(name),
      acked: acknowledgements.epoch,
      probed: probe?.failure === undefined ? probe?.number : undefined,
      probeFailure: probe?.failure,
    },
    promoted: undefined,
    uncommittedWork: knowledge.uncommitted.has(name),
    isReleased: knowledge.released.has(name),
    run,
  };
  return { desired: state.variant(name), observed };
}

/** The candidate's generation that stable has taken over, as the table shows: not merely is about to. */
function promotedInTable(stable: TableInput): number | undefined {
  const listed = stable.observed.route.entry?.incarnation;
  const isListed = stable.observed.incarnations.some(
    ({ record }) => record.number === listed && record.generation === stable.desired?.generation,
  );
  return isListed ? promotedGeneration(stable) : undefined;
}

function workloadOf({ platform }: Sources, ref: IncarnationRef): ObservedWorkload {
  const { phase, reason, message, destination, revision } = platform.status(toWorkloadRef(ref));
  return { phase, reason, message, destination, revision };
}

export function toWorkloadRef({ service, key, number }: IncarnationRef): WorkloadRef {
  return { service, key, incarnation: number };
}

/** Every variant that is wanted, remembered or listed. */
export function variantNames({
  state,
  table,
}: Pick<Sources, "state" | "table">): readonly VariantName[] {
  const names = new Map<string, VariantName>();
  const add = (service: string, key: string): void => {
    names.set(formatVariant(service, key), { service, key });
  };
  for (const { service, key } of state.state.variants) add(service, key);
  for (const { service, key } of state.state.incarnations) add(service, key);
  for (const [service, variants] of Object.entries(table.services)) {
    for (const key of Object.keys(variants)) add(service, key);
  }
  return [...names.values()];
}

export function observeAll(sources: Sources): readonly TableInput[] {
  return variantNames(sources).map((name) => observeVariant(sources, name));
}

export function observeEnvironment(
  { state, table, knowledge, acknowledgements }: Sources,
  name: string,
  next: RouteTable,
): { readonly desired: DesiredEnvironment | undefined; readonly observed: ObservedEnvironment } {
  const observed: ObservedEnvironment = {
    name,
    layer: own(table.environments, name),
    nextLayer: own(next.environments, name),
    changedAt: knowledge.changedAt(name),
    acked: acknowledgements.epoch,
    isParent: childrenOf(state.state, name).length > 0,
  };
  return { desired: state.state.environments.find((each) => each.name === name), observed };
}
