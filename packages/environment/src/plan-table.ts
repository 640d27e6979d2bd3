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
import type { DesiredEnvironment, DesiredVariant } from "./desired.ts";
import { type LayerVariant, materialiseLayers } from "./layers.ts";
import type { ObservedVariant } from "./observed.ts";
import { type RecordStep, enteredStep } from "./record-steps.ts";
import { isComing, servingOf } from "./serving.ts";

/** One variant of the batch. */
export interface TableInput {
  readonly desired: DesiredVariant | undefined;
  readonly observed: ObservedVariant;
}

export type TablePlan =
  | { readonly kind: "unchanged" }
  | {
      readonly kind: "next";
      readonly table: RouteTable;
      /** What differs, as `service:key` and environment names. */
      readonly variants: readonly string[];
      readonly environments: readonly string[];
    };

/**
 * Records that are behind the table: it lists them, and they still say PENDING. They are written before the next table is
 * made. Otherwise an incarnation could enter and leave the table unrecorded, and would be removed as one that never
 * served, with requests in flight.
 */
export function recordsBehind(variants: readonly TableInput[]): readonly RecordStep[] {
  return variants.flatMap(({ observed }) =>
    observed.incarnations.flatMap((each) => enteredStep(observed, each) ?? []),
  );
}

/**
 * The table that follows the current one: every variant that should serve, every layer, in one epoch. The only producer
 * of epochs. The batch is everything there is, in any order; no record of it is behind (`recordsBehind`).
 */
export function planTable(
  current: RouteTable,
  variants: readonly TableInput[],
  environments: readonly DesiredEnvironment[],
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
  environments: readonly DesiredEnvironment[],
): TableContent {
  const services = new Map<string, Map<string, TableVariant>>();
  const layerVariants: LayerVariant[] = [];
  for (const { desired, observed } of withPromotions(variants)) {
    const serving = servingOf(desired, observed);
    const { service, key } = observed;
    layerVariants.push({
      service,
      key,
      isActive: serving !== undefined,
      isComing: isComing(desired, observed),
    });
    if (serving?.entry === undefined) continue;
    const entries = services.get(service) ?? new Map<string, TableVariant>();
    services.set(service, entries.set(key, serving.entry));
  }
  const layers = materialiseLayers(layerVariants, environments, current.environments);
  return {
    services: sortedRecord(
      new Map([...services].map(([name, entries]) => [name, sortedRecord(entries)])),
    ),
    environments: sortedRecord(layers),
  };
}

/** A candidate leaves in the same epoch in which stable takes it over, so its end is read from what will be listed. */
function withPromotions(variants: readonly TableInput[]): readonly TableInput[] {
  const promoted = new Map<string, number>();
  for (const each of variants) {
    const generation = promotedGeneration(each);
    if (generation !== undefined) promoted.set(each.observed.service, generation);
  }
  return variants.map((each) => {
    const generation = each.observed.key === RC ? promoted.get(each.observed.service) : undefined;
    if (generation === undefined) return each;
    return { ...each, observed: { ...each.observed, promoted: generation } };
  });
}

/** The candidate's generation that stable serves, or is about to. */
export function promotedGeneration({ desired, observed }: TableInput): number | undefined {
  if (observed.key !== STABLE || desired?.promotion === undefined) return undefined;
  const serving = servingOf(desired, observed);
  return serving?.entry !== undefined &&
    serving.incarnation.record.generation === desired.generation
    ? desired.promotion.rcGeneration
    : undefined;
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

/** A comparison of parts may take differently ordered members for a change; it decides no epoch. */
function textOf(record: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return Object.hasOwn(record, name) ? canonicalText(record[name]) : undefined;
}

function canonicalText(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${entries
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${name}:${canonicalText(member)}`)
    .join(",")}}`;
}

function sortedRecord<T>(entries: ReadonlyMap<string, T>): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
