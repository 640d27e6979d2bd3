import {
  childrenOf,
  counterOf,
  type IncarnationRecord,
  type ObservedEnvironment,
  type ObservedIncarnation,
  type ObservedVariant,
  type ObservedWorkload,
  findVariant,
  planTable,
  promotedGeneration,
  type StoredState,
  type TableInput,
} from "@cocktail/environment";
import { formatVariant, own, parseVariant, RC, type RouteTable, STABLE } from "@cocktail/route";
import type { Findings } from "./findings.ts";
import type { WorkloadStatus } from "../lifecycle/platform.ts";

/** Everything a decision looks at, at one moment. */
export interface Scene {
  readonly state: StoredState;
  readonly table: RouteTable;
  readonly findings: Findings;
  /** This run of the platform. */
  readonly run: string;
  readonly now: number;
  readonly status: (ref: {
    readonly service: string;
    readonly key: string;
    readonly incarnation: number;
  }) => WorkloadStatus;
}

/** Every `service:key` that is wanted, remembered or listed, sorted. */
export function variantNames({ state, table }: Scene): readonly string[] {
  const names = new Set<string>();
  for (const { service, key } of state.variants) names.add(formatVariant(service, key));
  for (const { service, key } of state.incarnations) names.add(formatVariant(service, key));
  for (const [service, variants] of Object.entries(table.services)) {
    for (const key of Object.keys(variants)) names.add(formatVariant(service, key));
  }
  return [...names].toSorted();
}

/** Explicit environments, and the layers of the table, sorted. */
export function environmentNames({ state, table }: Scene): readonly string[] {
  const names = new Set(Object.keys(table.environments));
  for (const { name } of state.environments) names.add(name);
  return [...names].toSorted();
}

export function observeVariant(scene: Scene, service: string, key: string): ObservedVariant {
  const { findings, state, table, run } = scene;
  const name = formatVariant(service, key);
  return {
    service,
    key,
    incarnations: incarnationsOf(state, name).map((record) => observeIncarnation(scene, record)),
    lastIncarnation: counterOf(state, service, key).incarnation,
    route: {
      entry: own(own(table.services, service) ?? {}, key),
      changedAt: findings.changedAt(name),
      acked: findings.acked,
      probed: findings.probed(name),
      probeFailure: findings.probeFailure(name),
    },
    promoted: key === RC ? promotedOf(scene, service) : undefined,
    uncommittedWork: findings.hasUncommittedWork(name),
    run,
  };
}

function observeIncarnation(scene: Scene, record: IncarnationRecord): ObservedIncarnation {
  const { findings } = scene;
  return {
    record,
    workload: observeWorkload(scene, record),
    drain: findings.drain(record),
    removed: findings.removed(record),
  };
}

function observeWorkload(scene: Scene, record: IncarnationRecord): ObservedWorkload {
  const { service, key, number } = record;
  const { phase, reason, message, destination, revision } = scene.status({
    service,
    key,
    incarnation: number,
  });
  return { phase, reason, message, destination, revision };
}

/** The candidate's generation that the table shows stable to have taken over. */
function promotedOf(scene: Scene, service: string): number | undefined {
  const stable = tableInput(scene, service, STABLE);
  const listed = stable.observed.route.entry?.incarnation;
  const isListed = stable.observed.incarnations.some(
    ({ record }) => record.number === listed && record.generation === stable.desired?.generation,
  );
  return isListed ? promotedGeneration(stable) : undefined;
}

export function tableInput(scene: Scene, service: string, key: string): TableInput {
  return {
    desired: findVariant(scene.state, service, key),
    observed: observeVariant(scene, service, key),
  };
}

/** The whole batch that a table is made of. */
export function tableInputs(scene: Scene): readonly TableInput[] {
  return variantNames(scene).flatMap((name) => {
    const pin = parseVariant(name);
    return pin === undefined ? [] : [tableInput(scene, pin.service, pin.key)];
  });
}

/** The table as it would be published now. */
export function nextTable(scene: Scene): RouteTable {
  const plan = planTable(scene.table, tableInputs(scene), scene.state.environments);
  return plan.kind === "next" ? plan.table : scene.table;
}

export function observeEnvironment(
  scene: Scene,
  name: string,
  next: RouteTable = nextTable(scene),
): ObservedEnvironment {
  const { findings, state, table } = scene;
  return {
    name,
    layer: own(table.environments, name),
    nextLayer: own(next.environments, name),
    changedAt: findings.changedAt(name),
    acked: findings.acked,
    isParent: childrenOf(state, name).length > 0,
  };
}

/** One index a state: states are immutable, and asked for every variant of every batch. */
const indexes = new WeakMap<
  StoredState["incarnations"],
  ReadonlyMap<string, IncarnationRecord[]>
>();

function incarnationsOf(state: StoredState, name: string): readonly IncarnationRecord[] {
  let index = indexes.get(state.incarnations);
  if (index === undefined) {
    index = Map.groupBy(state.incarnations, ({ service, key }) => formatVariant(service, key));
    indexes.set(state.incarnations, index);
  }
  return index.get(name) ?? [];
}
