import {
  type EnvironmentObject,
  type Facts,
  type IncarnationRecord,
  type Objects,
  type ObservedEnvironment,
  type ObservedIncarnation,
  type ObservedRoute,
  type ObservedVariant,
  type RolloutRef,
  type TableInput,
  type VariantObject,
  type DesiredLayer,
  formatIncarnation,
  endingWith,
  isHeldBack,
  isLive,
  lostWorkload,
  promotedInTable,
  desiredLayer,
} from "@cocktail/environment";
import { RC, type RouteTable, STABLE, formatVariant, own, parseVariant } from "@cocktail/route";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { Platform } from "./platform.ts";
import type { RuntimeFacts } from "./runtime-facts.ts";

/** The sources of facts at one moment. */
export interface Sources {
  readonly objects: Objects;
  readonly table: RouteTable;
  readonly platform: Pick<Platform, "status" | "host">;
  readonly facts: RuntimeFacts;
  readonly acknowledgements: Pick<Acknowledgements, "epoch">;
}

export interface VariantName {
  readonly service: string;
  readonly key: string;
}

/** The desired and the observed state of one variant. */
export function observeVariant(sources: Sources, { service, key }: VariantName): TableInput {
  const input = observeAlone(sources, { service, key });
  if (key !== RC) return input;
  return { ...input, observed: { ...input.observed, promoted: promotedOf(sources, service) } };
}

/** The candidate that stable has replaced according to the table. */
export function promotedOf(sources: Sources, service: string): RolloutRef | undefined {
  return promotedInTable(observeAlone(sources, { service, key: STABLE }));
}

function observeAlone(sources: Sources, { service, key }: VariantName): TableInput {
  const { objects, facts } = sources;
  const name = formatVariant(service, key);
  const desired = objects.variants.get(name);
  const observed: ObservedVariant = {
    service,
    key,
    incarnations: observeIncarnations(
      sources,
      { service, key },
      desired?.status?.incarnations ?? [],
    ),
    lastIncarnation: desired?.status?.lastIncarnation ?? facts.ledger,
    route: observeRoute(sources, { service, key }, desired),
    promoted: undefined,
    wouldLoseWork: facts.holdingWork.has(name),
    isReleased: facts.released.has(name),
  };
  return { desired, observed };
}

function observeRoute(
  sources: Sources,
  { service, key }: VariantName,
  desired: VariantObject | undefined,
): ObservedRoute {
  const { objects, table, facts, acknowledgements } = sources;
  const name = formatVariant(service, key);
  const probe = facts.probed.get(name);
  return {
    entry: own(own(table.services, service) ?? {}, key),
    isHeld: isHeldBack(objects, desired, (each) => closingOf(sources, each) === "waiting"),
    changedAt: facts.changedAt(name),
    acked: acknowledgements.epoch,
    probed: probe?.failure === undefined ? probe?.incarnation : undefined,
    probeFailure: probe?.failure,
  };
}

export function observeIncarnations(
  { platform, facts }: Pick<Sources, "platform" | "facts">,
  { service, key }: VariantName,
  records: readonly IncarnationRecord[],
): readonly ObservedIncarnation[] {
  return records.map((record): ObservedIncarnation => {
    const ref = { service, key, incarnation: record.number };
    const id = formatIncarnation(ref);
    return {
      ref,
      record,
      workload: record.host === platform.host ? platform.status(ref) : lostWorkload,
      drain: facts.drained.get(id) ?? "unknown",
      isRemoved: facts.removed.has(id),
    };
  });
}

/** The facts with changed incarnation records. */
export function withRecords(
  sources: Sources,
  facts: Facts,
  records: readonly IncarnationRecord[],
): Facts {
  const incarnations = observeIncarnations(sources, facts.observed, records);
  return { ...facts, observed: { ...facts.observed, incarnations } };
}

/** Every variant that has an object or is listed in the table. */
export function variantNames({
  objects,
  table,
}: Pick<Sources, "objects" | "table">): readonly string[] {
  const names = new Set<string>(objects.variants.keys());
  for (const [service, variants] of Object.entries(table.services)) {
    for (const key of Object.keys(variants)) names.add(formatVariant(service, key));
  }
  return [...names];
}

export function observeAll(sources: Sources): readonly TableInput[] {
  return variantNames(sources).flatMap((name) => {
    const pin = parseVariant(name);
    return pin === undefined ? [] : [observeVariant(sources, pin)];
  });
}

export function desiredLayers(sources: Sources): readonly DesiredLayer[] {
  return Array.from(sources.objects.environments.values(), (each) =>
    desiredLayer(each, closingOf(sources, each)),
  );
}

function closingOf(sources: Sources, environment: EnvironmentObject): DesiredLayer["closing"] {
  if (isLive(environment)) return undefined;
  return toDestroyWith(sources, environment).length > 0 ? "waiting" : "closed";
}

/** The live variants to delete with an environment that is being deleted. */
function toDestroyWith(
  { objects, facts }: Pick<Sources, "objects" | "facts">,
  { name, spec, deletedAt }: EnvironmentObject,
): readonly string[] {
  if (deletedAt === undefined || spec.onDelete === "Keep") return [];
  return endingWith(objects, name)
    .map((each) => each.name)
    .filter((each) => spec.onDelete === "Discard" || !facts.holdingWork.has(each));
}

export function observeEnvironment(
  sources: Sources,
  name: string,
  next: RouteTable,
): ObservedEnvironment {
  const { objects, table, facts, acknowledgements } = sources;
  const environment = objects.environments.get(name);
  return {
    name,
    layer: own(table.environments, name),
    nextLayer: own(next.environments, name),
    changedAt: facts.changedAt(name),
    acked: acknowledgements.epoch,
    isParent: objects.children(name).length > 0,
    toDestroy: environment === undefined ? [] : toDestroyWith(sources, environment),
  };
}
