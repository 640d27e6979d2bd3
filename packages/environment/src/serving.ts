import { RC, STABLE, type TableVariant, type Tier } from "@cocktail/route";
import type { VariantObject, VariantSpec } from "./object.ts";
import { type ObservedIncarnation, type ObservedVariant, isRunning } from "./observed.ts";

/** The incarnation that should answer for a variant, and what the table should say of it. */
export interface Serving {
  readonly incarnation: ObservedIncarnation;
  /** Undefined while it is withdrawn: it is down, and wants its traffic to fall back. */
  readonly entry: TableVariant | undefined;
}

/** What follows from the facts about a variant. Derived once for each look at them. */
export interface Derived {
  /** It is to be there: not being deleted, not taken over by stable. */
  readonly isWanted: boolean;
  readonly serving: Serving | undefined;
  /** The one that has taken over: in the table, else (withdrawn) the newest that was ever in it. */
  readonly incumbent: ObservedIncarnation | undefined;
  /** The incarnation of the wanted rollout, if one is alive: not one that was lost or given up. */
  readonly current: ObservedIncarnation | undefined;
  /** The wanted rollout's last failure, where it has no incarnation that is alive. */
  readonly failed: ObservedIncarnation | undefined;
  /** It does not serve yet and may soon: what names it can wait for it. */
  readonly isPending: boolean;
}

export function derive(desired: VariantObject | undefined, observed: ObservedVariant): Derived {
  const wanted = wantedSpec(desired, observed);
  const incumbent = incumbentOf(observed);
  if (wanted === undefined) {
    const nothing = { serving: undefined, current: undefined, failed: undefined };
    return { isWanted: false, incumbent, ...nothing, isPending: false };
  }
  const serving = servingOf(wanted, observed, incumbent);
  const current = currentIncarnation(wanted, observed);
  const failed = current === undefined ? unresolvedFailure(wanted, observed) : undefined;
  const isPending = serving === undefined && failed === undefined;
  return { isWanted: true, serving, incumbent, current, failed, isPending };
}

function wantedSpec(
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
 * The wanted rollout's incarnation, once ready; until then the one that serves. A variant whose process is down keeps its
 * place, so that requests for it get an honest 503.
 */
function servingOf(
  wanted: VariantSpec,
  observed: ObservedVariant,
  incumbent: ObservedIncarnation | undefined,
): Serving | undefined {
  const incarnation = successor(wanted, observed) ?? incumbent;
  return incarnation === undefined
    ? undefined
    : { incarnation, entry: entryOf(incarnation, observed.route.entry) };
}

/** The next incarnation, ready to take over. */
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
    // Both are fixed for the life of an incarnation: what was published stands.
    ...(published ?? found(incarnation)),
    incarnation: record.number,
    tier: tierOf(ref.key),
    onUnavailable: record.onUnavailable,
    ...(record.endpoints === undefined ? {} : { endpoints: record.endpoints }),
  };
}

function found({
  record,
  workload,
}: ObservedIncarnation): Pick<TableVariant, "revision" | "destination"> {
  return {
    revision: revisionOf({ record, workload }),
    destination: record.destination ?? workload.destination,
  };
}

/** What runs in an incarnation; empty until it is known. */
export function revisionOf({
  record,
  workload,
}: Pick<ObservedIncarnation, "record" | "workload">): string {
  return record.revision === "" ? (workload.revision ?? "") : record.revision;
}

/** True when both say the same of a variant; absent and undefined members are alike. */
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

/** A failure on a host that is gone says nothing of the next try. */
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
