import { STABLE, formatVariant } from "@cocktail/route";
import type { Action } from "./action.ts";
import {
  type Facts,
  type ObservedIncarnation,
  type ObservedVariant,
  isRunning,
} from "./observed.ts";
import { recordStep } from "./record-steps.ts";
import { type Derived, derive, isActive, sameEntry } from "./serving.ts";

/**
 * Independent steps that can start now; the steps after them are planned when their effect is observed. Records come
 * first, because all other steps are derived from them.
 */
export function nextSteps(facts: Facts): readonly Action[] {
  const derived = derive(facts.desired, facts.observed);
  const incarnations = facts.observed.incarnations.toSorted(
    (one, other) => one.record.number - other.record.number,
  );
  const records = incarnations.flatMap((each) => recordStep(facts, derived, each) ?? []);
  if (records.length > 0) return records;
  const ending = endingStep(facts, derived);
  if (ending !== undefined) return [ending];
  return [
    ...rolloutSteps(facts, derived),
    ...routeSteps(facts, derived),
    ...incarnations.flatMap((each) => teardownStep(facts, derived, each) ?? []),
    ...cleanupSteps(facts),
  ];
}

/** Deletes a variant whose lifetime is over, or that stable has replaced. */
function endingStep({ desired, observed, now }: Facts, { isDesired }: Derived): Action | undefined {
  if (desired === undefined || desired.deletedAt !== undefined) return undefined;
  const target = desired.name;
  if (!isDesired) return { kind: "DestroyVariant", target, reason: "Promoted" };
  const { expiresAt } = desired.spec;
  if (expiresAt === undefined || expiresAt > now || observed.wouldLoseWork) return undefined;
  return { kind: "DestroyVariant", target, reason: "Expired" };
}

/** Steps to a ready workload of the desired rollout. */
function rolloutSteps(facts: Facts, derived: Derived): readonly Action[] {
  const { desired, observed } = facts;
  if (desired === undefined || !derived.isDesired) return [];
  const { current } = derived;
  if (current === undefined) {
    if (!mayCreateIncarnation(facts, derived)) return [];
    const { service, key } = observed;
    const ref = { service, key, incarnation: observed.lastIncarnation + 1 };
    return [{ kind: "CreateIncarnation", ref, rollout: desired.spec.rollout }];
  }
  if (current.record.state !== "PENDING" || current.workload.phase === "Ready") return [];
  const { ref } = current;
  return [{ kind: current.workload.phase === "Absent" ? "EnsureWorkload" : "AwaitReady", ref }];
}

/** A failed rollout waits for the next deploy; the only stable incarnation is retried. */
function mayCreateIncarnation({ observed, now, policy }: Facts, { failed }: Derived): boolean {
  const failure = failed?.record.failure;
  if (failure === undefined) return true;
  return isOnlyStable(observed) && failure.at + policy.stableRetryMs <= now;
}

export function isOnlyStable(observed: ObservedVariant): boolean {
  return (
    observed.key === STABLE &&
    !observed.incarnations.some((each) => isActive(each.record.state) && isRunning(each))
  );
}

/** Steps to a table that lists the serving incarnation, is held by every gateway, and is verified by a request. */
function routeSteps({ observed }: Facts, { serving }: Derived): readonly Action[] {
  const { route } = observed;
  if (route.isHeld) return [];
  const target = formatVariant(observed.service, observed.key);
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
  { record, ref, workload }: ObservedIncarnation,
): readonly Action[] {
  const isProven = route.probed === record.number;
  return isProven || workload.phase !== "Ready" ? [] : [{ kind: "ProbeRoute", ref }];
}

function describeChange(
  { route }: ObservedVariant,
  next: { readonly incarnation: number } | undefined,
): string {
  const before = route.entry === undefined ? "nothing" : `#${route.entry.incarnation}`;
  return `${before} -> ${next === undefined ? "nothing" : `#${next.incarnation}`}`;
}

/** Removes an incarnation that no longer serves. */
function teardownStep(
  facts: Facts,
  derived: Derived,
  incarnation: ObservedIncarnation,
): Action | undefined {
  const { route } = facts.observed;
  const { ref } = incarnation;
  if (incarnation.record.state === "DRAINING") {
    const isUnlisted = route.acked >= route.changedAt;
    return isUnlisted ? { kind: "DrainWorkload", ref } : undefined;
  }
  return incarnation.record.state === "GONE" ? removalStep(derived, incarnation) : undefined;
}

function removalStep(derived: Derived, incarnation: ObservedIncarnation): Action | undefined {
  const { ref, workload, isRemoved } = incarnation;
  const isThere = workload.phase !== "Absent" && workload.phase !== "Lost";
  if (isThere || !isRemoved) return { kind: "RemoveWorkload", ref };
  // The record of an unresolved failure is kept, so that it can be reported.
  return derived.failed === incarnation ? undefined : { kind: "ForgetIncarnation", ref };
}

/** Removes a variant that is being deleted, once nothing of it is running or listed. */
function cleanupSteps({ desired, observed }: Facts): readonly Action[] {
  const isOver =
    desired?.deletedAt !== undefined &&
    observed.incarnations.length === 0 &&
    observed.route.entry === undefined;
  if (!isOver) return [];
  const target = desired.name;
  return observed.isReleased
    ? [{ kind: "ForgetVariant", target }]
    : [{ kind: "ReleaseVariant", target, discard: desired.spec.discard === true }];
}
