import { STABLE, formatVariant } from "@cocktail/route";
import type { Action } from "./action.ts";
import type { DesiredVariant } from "./desired.ts";
import type { IncarnationRef } from "./incarnation.ts";
import { type ObservedIncarnation, type ObservedVariant, isRunning } from "./observed.ts";
import { type Facts, recordStep } from "./record-steps.ts";
import {
  embodiment,
  isActive,
  isWanted,
  sameEntry,
  servingOf,
  standingFailure,
} from "./serving.ts";
import { describeSource } from "./source.ts";

/**
 * The steps that can be taken at once. They don't wait for each other; what follows them is in the next answer, when they
 * have had their effect. Records come first, because everything else is read from them.
 */
export function nextSteps(facts: Facts): readonly Action[] {
  const incarnations = [...facts.observed.incarnations].toSorted(
    (one, other) => one.record.number - other.record.number,
  );
  const records = incarnations.flatMap((each) => recordStep(facts, each) ?? []);
  if (records.length > 0) return records;
  const ending = endingStep(facts);
  if (ending !== undefined) return [ending];
  return [
    ...arrivalSteps(facts),
    ...routeSteps(facts),
    ...incarnations.flatMap((each) => leavingStep(facts, each) ?? []),
    ...endSteps(facts),
  ];
}

/** Its lifetime is over, or stable has taken it over. */
function endingStep({ desired, observed, now }: Facts): Action | undefined {
  if (desired === undefined || desired.deleted) return undefined;
  const target = formatVariant(desired.service, desired.key);
  if (!isWanted(desired, observed.promoted)) {
    return { kind: "DestroyVariant", target, reason: "Promoted" };
  }
  if (desired.expiresAt === undefined || desired.expiresAt > now) return undefined;
  return observed.uncommittedWork
    ? undefined
    : { kind: "DestroyVariant", target, reason: "Expired" };
}

/** Toward a ready workload of the wanted generation. */
function arrivalSteps(facts: Facts): readonly Action[] {
  const { desired, observed } = facts;
  if (!isWanted(desired, observed.promoted)) return [];
  const incarnation = embodiment(desired, observed);
  if (incarnation === undefined) {
    if (!mayTry(facts, desired)) return [];
    const number = observed.lastIncarnation + 1;
    const ref = { service: desired.service, key: desired.key, number };
    return [{ kind: "CreateIncarnation", ref, generation: desired.generation }];
  }
  if (incarnation.record.state !== "PENDING" || incarnation.workload.phase === "Ready") return [];
  const ref = refOf(incarnation);
  return incarnation.workload.phase === "Absent"
    ? [{ kind: "EnsureWorkload", ref, from: describeSource(desired.source) }]
    : [{ kind: "AwaitReady", ref }];
}

/** A failed generation waits for the next deploy; stable with nothing to serve is tried again by itself. */
function mayTry({ observed, now, policy }: Facts, desired: DesiredVariant): boolean {
  const failed = standingFailure(desired, observed);
  if (failed?.record.failure === undefined) return true;
  return isLoneStable(observed) && failed.record.failure.at + policy.stableRetryMs <= now;
}

export function isLoneStable(observed: ObservedVariant): boolean {
  return (
    observed.key === STABLE &&
    !observed.incarnations.some((each) => isActive(each.record.state) && isRunning(each))
  );
}

/** Toward a table that lists what should serve, held by every gateway, and proven by a request. */
function routeSteps({ desired, observed }: Facts): readonly Action[] {
  const { route } = observed;
  const target = formatVariant(observed.service, observed.key);
  const serving = servingOf(desired, observed);
  if (!sameEntry(serving?.entry, route.entry)) {
    return [{ kind: "PublishTable", target, change: describeChange(observed, serving?.entry) }];
  }
  if (route.acked < route.changedAt) {
    return [{ kind: "AwaitReaders", target, epoch: route.changedAt }];
  }
  return serving?.entry === undefined ? [] : probeSteps(route, serving.incarnation);
}

function probeSteps(
  route: ObservedVariant["route"],
  incarnation: ObservedIncarnation,
): readonly Action[] {
  const isProven = route.probed === incarnation.record.number;
  return isProven || incarnation.workload.phase !== "Ready"
    ? []
    : [{ kind: "ProbeRoute", ref: refOf(incarnation) }];
}

function describeChange(
  { route }: ObservedVariant,
  next: { readonly incarnation: number } | undefined,
): string {
  const before = route.entry === undefined ? "nothing" : `#${route.entry.incarnation}`;
  return `${before} -> ${next === undefined ? "nothing" : `#${next.incarnation}`}`;
}

/** Toward nothing left of an incarnation that no longer serves. */
function leavingStep(facts: Facts, incarnation: ObservedIncarnation): Action | undefined {
  const { observed } = facts;
  const ref = refOf(incarnation);
  if (incarnation.record.state === "DRAINING") {
    const isOffTable = observed.route.acked >= observed.route.changedAt;
    return isOffTable ? { kind: "DrainWorkload", ref } : undefined;
  }
  return incarnation.record.state === "GONE" ? removalStep(facts, incarnation) : undefined;
}

function removalStep(facts: Facts, incarnation: ObservedIncarnation): Action | undefined {
  const ref = refOf(incarnation);
  if (incarnation.workload.phase !== "Absent" || !incarnation.isRemoved) {
    return { kind: "RemoveWorkload", ref };
  }
  return isKept(facts, incarnation) ? undefined : { kind: "ForgetIncarnation", ref };
}

/** The failure that a variant stands at is remembered, so that it can be explained. */
function isKept({ desired, observed }: Facts, incarnation: ObservedIncarnation): boolean {
  return isWanted(desired, observed.promoted) && standingFailure(desired, observed) === incarnation;
}

/** Toward nothing left of a variant that was destroyed, once nothing of it runs or is listed. */
function endSteps({ desired, observed }: Facts): readonly Action[] {
  const isOver =
    desired?.deleted === true &&
    observed.incarnations.length === 0 &&
    observed.route.entry === undefined;
  if (!isOver) return [];
  const target = formatVariant(desired.service, desired.key);
  return observed.isReleased
    ? [{ kind: "ForgetVariant", target }]
    : [{ kind: "ReleaseVariant", target, discard: desired.discard }];
}

export function refOf({ record }: ObservedIncarnation): IncarnationRef {
  return { service: record.service, key: record.key, number: record.number };
}
