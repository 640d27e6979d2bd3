import { RC, STABLE, type TableVariant, type Tier } from "@cocktail/route";
import type { VariantObject, VariantSpec } from "./object.ts";
import { type ObservedIncarnation, type ObservedVariant, isRunning } from "./observed.ts";

/** The incarnation that should serve a variant, and its entry in the next table. */
export interface Serving {
  readonly incarnation: ObservedIncarnation;
  /** Undefined while it is withdrawn: it is down, and `onUnavailable` is Fallback. */
  readonly entry: TableVariant | undefined;
}

/** Derived from the facts about a variant, once for each plan. */
export interface Derived {
  /** It should exist: it is not being deleted, and stable has not replaced it. */
  readonly isDesired: boolean;
  readonly serving: Serving | undefined;
  /** The incarnation in the table, else (withdrawn) the newest that was ever in it. */
  readonly incumbent: ObservedIncarnation | undefined;
  /** The incarnation of the desired rollout, unless it was lost or has failed. */
  readonly current: ObservedIncarnation | undefined;
  /** The last failed incarnation of the desired rollout, if there is no `current` one. */
  readonly failed: ObservedIncarnation | undefined;
  /** It does not serve yet and has not failed: environments wait for it. */
  readonly isPending: boolean;
}

export function derive(desired: VariantObject | undefined, observed: ObservedVariant): Derived {
  const spec = desiredSpec(desired, observed);
  const incumbent = incumbentOf(observed);
  if (spec === undefined) {
    const nothing = { serving: undefined, current: undefined, failed: undefined };
    return { isDesired: false, incumbent, ...nothing, isPending: false };
  }
  const serving = servingOf(spec, observed, incumbent);
  const current = currentIncarnation(spec, observed);
  const failed = current === undefined ? unresolvedFailure(spec, observed) : undefined;
  const isPending = serving === undefined && failed === undefined;
  return { isDesired: true, serving, incumbent, current, failed, isPending };
}

function desiredSpec(
  desired: VariantObject | undefined,
  { promoted }: Pick<ObservedVariant, "promoted">,
): VariantSpec | undefined {
  if (desired === undefined || desired.deletedAt !== undefined) return undefined;
  const { spec, uid } = desired;
  const isTakenOver = promoted?.uid === uid && promoted.rollout === spec.rollout;
  return isTakenOver ? undefined : spec;
}

export function tierOf(key: string): Tier {
  if (key === STABLE) return "stable";
  return key === RC ? "rc" : "branch";
}

/**
 * The desired rollout's incarnation once it is ready, until then the previous one. A variant whose process is down stays
 * listed, so that requests for it get a 503.
 */
function servingOf(
  desired: VariantSpec,
  observed: ObservedVariant,
  incumbent: ObservedIncarnation | undefined,
): Serving | undefined {
  const incarnation = successor(desired, observed) ?? incumbent;
  return incarnation === undefined
    ? undefined
    : { incarnation, entry: entryOf(incarnation, observed.route.entry) };
}

/** The next incarnation, once it is ready. */
function successor(
  { rollout }: VariantSpec,
  observed: ObservedVariant,
): ObservedIncarnation | undefined {
  return newest(
    observed.incarnations.filter(
      ({ record, workload }) =>
        record.state === "PENDING" &&
        record.rollout === rollout &&
        workload.phase === "Ready" &&
        workload.destination !== undefined,
    ),
  );
}

function incumbentOf({
  incarnations,
  route,
}: Pick<ObservedVariant, "incarnations" | "route">): ObservedIncarnation | undefined {
  const listed = route.entry?.incarnation;
  return (
    incarnations.find(({ record }) => record.number === listed && record.state !== "GONE") ??
    newest(incarnations.filter(({ record }) => isActive(record.state)))
  );
}

export function isActive(state: string): boolean {
  return state === "ACTIVE" || state === "SUSPENDED";
}

export function newest(
  incarnations: readonly ObservedIncarnation[],
): ObservedIncarnation | undefined {
  return incarnations.reduce<ObservedIncarnation | undefined>(
    (best, next) => (best === undefined || next.record.number > best.record.number ? next : best),
    undefined,
  );
}

function entryOf(
  incarnation: ObservedIncarnation,
  listed: TableVariant | undefined,
): TableVariant | undefined {
  const { record, ref, workload } = incarnation;
  if (record.onUnavailable === "Fallback" && workload.phase !== "Ready") return undefined;
  const published = listed?.incarnation === record.number ? listed : undefined;
  return {
    // The destination is fixed for the life of an incarnation, so the published one is kept.
    ...(published ?? observedTarget(incarnation)),
    revision: workload.revision ?? published?.revision ?? record.revision,
    incarnation: record.number,
    tier: tierOf(ref.key),
    onUnavailable: record.onUnavailable,
    ...(record.endpoints === undefined ? {} : { endpoints: record.endpoints }),
  };
}

function observedTarget({
  record,
  workload,
}: ObservedIncarnation): Pick<TableVariant, "revision" | "destination"> {
  return {
    revision: revisionOf({ record, workload }),
    destination: record.destination ?? workload.destination,
  };
}

/** The revision that an incarnation runs; empty until it is known. */
export function revisionOf({
  record,
  workload,
}: Pick<ObservedIncarnation, "record" | "workload">): string {
  // A process that was started again may run other code than the one that was published.
  return workload.revision ?? record.revision;
}

/** True if both entries are equal; absent and undefined members are equal. */
export function sameEntry(one: TableVariant | undefined, other: TableVariant | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.incarnation === other.incarnation &&
    one.tier === other.tier &&
    one.revision === other.revision &&
    one.destination === other.destination &&
    one.onUnavailable === other.onUnavailable &&
    sameEndpoints(one.endpoints, other.endpoints)
  );
}

function sameEndpoints(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.length === other.length &&
    [...one].toSorted().join("\n") === [...other].toSorted().join("\n")
  );
}

function currentIncarnation(
  { rollout }: VariantSpec,
  observed: ObservedVariant,
): ObservedIncarnation | undefined {
  return newest(
    observed.incarnations.filter(
      (each) =>
        each.record.rollout === rollout &&
        each.workload.phase !== "Lost" &&
        (each.record.state === "PENDING" || (isActive(each.record.state) && isRunning(each))),
    ),
  );
}

/** Failures on a host that is gone are ignored: the next attempt runs on another one. */
function unresolvedFailure(
  { rollout }: VariantSpec,
  observed: ObservedVariant,
): ObservedIncarnation | undefined {
  return newest(
    observed.incarnations.filter(
      ({ record, workload }) =>
        record.failure !== undefined && record.rollout === rollout && workload.phase !== "Lost",
    ),
  );
}
