import {
  RC,
  type RouteTable,
  STABLE,
  type TableContent,
  type TableVariant,
  canonicalTable,
  formatVariant,
  nextTag,
} from "@cocktail/route";
import { documentText } from "./document.ts";
import { type LayerVariant, type DesiredLayer, materialiseLayers } from "./layers.ts";
import type { RolloutRef } from "./object.ts";
import type { Facts } from "./observed.ts";
import { type RecordStep, enteredStep } from "./record-steps.ts";
import { derive } from "./serving.ts";

/** One variant of the table. */
export type TableInput = Pick<Facts, "desired" | "observed">;

export type TablePlan =
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "next";
      readonly table: RouteTable;
      /** Names of changed variants (`service:key`) and environments. */
      readonly variants: readonly string[];
      readonly environments: readonly string[];
    };

/**
 * The steps for records that still say PENDING although the table lists the incarnation. They are written before the next
 * table is made. Otherwise an incarnation could enter and leave the table unrecorded, and would be removed without a drain.
 */
export function staleRecords(variants: readonly TableInput[]): readonly RecordStep[] {
  return variants.flatMap(({ observed }) =>
    observed.incarnations.flatMap((each) => enteredStep(observed, each) ?? []),
  );
}

/**
 * The next table: every variant that should serve and every layer, in one epoch. The only producer of epochs. The inputs
 * are all variants and environments, in any order, without stale records (`staleRecords`).

 */
export function planTable(
  current: RouteTable,
  variants: readonly TableInput[],
  environments: readonly DesiredLayer[],
): TablePlan {
  const next = contentOf(current, variants, environments);
  if (canonicalTable(next) === canonicalTable(current)) return { kind: "unchanged" };
  const epoch = current.epoch + 1;
  const table: RouteTable = {
    epoch,
    tag: nextTag(current.tag, { epoch, ...next }),
    resolver: 1,
    historyFloor: current.historyFloor,
    ...next,
  };
  return {
    kind: "next",
    table,
    variants: changedVariants(current, table),
    environments: changedNames(current.environments, table.environments),
  };
}

function contentOf(
  current: RouteTable,
  variants: readonly TableInput[],
  environments: readonly DesiredLayer[],
): TableContent {
  const services = new Map<string, Map<string, TableVariant>>();
  const layerVariants: LayerVariant[] = [];
  for (const { desired, observed } of withPromotions(variants)) {
    const { isPending, serving } = derive(desired, observed);
    const { service, key, route } = observed;
    const isActive = serving !== undefined || route.isHeld;
    layerVariants.push({ service, key, isActive, isPending });
    const entry = route.isHeld ? route.entry : serving?.entry;
    if (entry === undefined) continue;
    const entries = services.get(service) ?? new Map<string, TableVariant>();
    services.set(service, entries.set(key, entry));
  }
  const layers = materialiseLayers(layerVariants, environments, current.environments);
  return {
    services: sortedRecord(
      new Map([...services].map(([name, entries]) => [name, sortedRecord(entries)])),
    ),
    environments: sortedRecord(layers),
  };
}

/** A candidate leaves in the epoch in which stable replaces it, so this is derived from the next table. */
function withPromotions(variants: readonly TableInput[]): readonly TableInput[] {
  const promoted = new Map<string, RolloutRef>();
  for (const each of variants) {
    const candidate = promotedCandidate(each);
    if (candidate !== undefined) promoted.set(each.observed.service, candidate);
  }
  return variants.map((each) => {
    const candidate = each.observed.key === RC ? promoted.get(each.observed.service) : undefined;
    if (candidate === undefined) return each;
    return { ...each, observed: { ...each.observed, promoted: candidate } };
  });
}

/** The candidate that stable replaces, in this table or the next. */
export function promotedCandidate({ desired, observed }: TableInput): RolloutRef | undefined {
  const promotion = observed.key === STABLE ? desired?.spec.promotion : undefined;
  if (promotion === undefined) return undefined;
  const { serving } = derive(desired, observed);
  const isServing =
    serving?.entry !== undefined && serving.incarnation.record.rollout === desired?.spec.rollout;
  return isServing ? promotion.candidate : undefined;
}

/** The candidate that stable has replaced in the current table, not only in the next. */
export function promotedInTable(stable: TableInput): RolloutRef | undefined {
  const { desired, observed } = stable;
  const listed = observed.route.entry?.incarnation;
  const isListed = observed.incarnations.some(
    ({ record }) => record.number === listed && record.rollout === desired?.spec.rollout,
  );
  return isListed ? promotedCandidate(stable) : undefined;
}

function changedVariants(before: TableContent, after: TableContent): readonly string[] {
  return changedNames(flatten(before), flatten(after));
}

function flatten(table: TableContent): Record<string, TableVariant> {
  return Object.fromEntries(
    Object.entries(table.services).flatMap(([service, variants]) =>
      Object.entries(variants).map(([key, entry]) => [formatVariant(service, key), entry] as const),
    ),
  );
}

function changedNames(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => textOf(before, name) !== textOf(after, name)).toSorted();
}

/** Used only to name changed parts: `canonicalTable` decides whether there is a new epoch. */
function textOf(record: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? documentText(record[name]) : undefined;
}

function sortedRecord<T>(entries: ReadonlyMap<string, T>): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
