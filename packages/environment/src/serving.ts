import { RC, STABLE, type TableVariant, type Tier } from "@cocktail/route";
import type { DesiredVariant } from "./desired.ts";
import { type ObservedIncarnation, type ObservedVariant, isRunning } from "./observed.ts";

/** The incarnation that should answer for a variant, and what the table should say of it. */
export interface Serving {
  readonly incarnation: ObservedIncarnation;
  /** Undefined while it is withdrawn: it is down, and wants its traffic to fall back. */
  readonly entry: TableVariant | undefined;
}

/** True while the variant is to be there: not being destroyed, not taken over by stable. */
export function isWanted(
  desired: DesiredVariant | undefined,
  promoted: number | undefined,
): desired is DesiredVariant {
  return desired !== undefined && !desired.deleted && promoted !== desired.generation;
}

export function tierOf(key: string): Tier {
  if (key === STABLE) return "stable";
  return key === RC ? "rc" : "branch";
}

/**
 * Which incarnation should answer: the wanted generation's, once ready; until then the one that does. A variant whose
 * process is down keeps its place, so that requests for it get an honest 503.
 */
export function servingOf(
  desired: DesiredVariant | undefined,
  observed: ObservedVariant,
): Serving | undefined {
  if (!isWanted(desired, observed.promoted)) return undefined;
  const incarnation = successor(desired, observed) ?? incumbent(observed);
  return incarnation === undefined
    ? undefined
    : { incarnation, entry: entryOf(incarnation, observed.route.entry) };
}

/** The next incarnation, ready to take over. */
function successor(
  desired: DesiredVariant,
  observed: ObservedVariant,
): ObservedIncarnation | undefined {
  return newest(
    observed.incarnations.filter(
      ({ record, workload }) =>
        record.state === "PENDING" &&
        record.generation === desired.generation &&
        record.run === observed.run &&
        workload.phase === "Ready" &&
        workload.destination !== undefined,
    ),
  );
}

/** The one that has taken over: the one in the table, else (withdrawn) the newest that was ever in it. */
export function incumbent(observed: ObservedVariant): ObservedIncarnation | undefined {
  const listed = observed.route.entry?.incarnation;
  return (
    observed.incarnations.find(
      ({ record }) => record.number === listed && record.state !== "GONE",
    ) ?? newest(observed.incarnations.filter(({ record }) => isActive(record.state)))
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
  const { record, workload } = incarnation;
  if (record.onUnavailable === "Fallback" && workload.phase !== "Ready") return undefined;
  const published = listed?.incarnation === record.number ? listed : undefined;
  return {
    // Both are fixed for the life of an incarnation: what was published stands.
    ...(published ?? found(incarnation)),
    incarnation: record.number,
    tier: tierOf(record.key),
    onUnavailable: record.onUnavailable,
    ...(record.endpoints === undefined ? {} : { endpoints: record.endpoints }),
  };
}

function found({
  record,
  workload,
}: ObservedIncarnation): Pick<TableVariant, "revision" | "destination"> {
  return {
    revision: firstText(record.revision, workload.revision),
    destination: record.destination ?? workload.destination,
  };
}

function firstText(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text !== "") ?? "";
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

/**
 * The incarnation that embodies the wanted generation in this run, if one is alive. A workload that the platform lost or
 * gave up on does not count.
 */
export function embodiment(
  desired: DesiredVariant,
  observed: ObservedVariant,
): ObservedIncarnation | undefined {
  return newest(
    observed.incarnations.filter(
      (incarnation) =>
        incarnation.record.generation === desired.generation &&
        incarnation.record.run === observed.run &&
        (incarnation.record.state === "PENDING" ||
          (isActive(incarnation.record.state) && isRunning(incarnation))),
    ),
  );
}

/** The wanted generation's last failure in this run, where nothing embodies it. */
export function standingFailure(
  desired: DesiredVariant,
  observed: ObservedVariant,
): ObservedIncarnation | undefined {
  if (embodiment(desired, observed) !== undefined) return undefined;
  return newest(
    observed.incarnations.filter(
      ({ record }) =>
        record.failure !== undefined &&
        record.generation === desired.generation &&
        record.run === observed.run,
    ),
  );
}

/** True when the variant does not serve yet and may soon: what names it can wait for it. */
export function isComing(desired: DesiredVariant | undefined, observed: ObservedVariant): boolean {
  return (
    isWanted(desired, observed.promoted) &&
    servingOf(desired, observed) === undefined &&
    standingFailure(desired, observed) === undefined
  );
}
