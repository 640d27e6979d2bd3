import { STABLE } from "@cocktail/route";
import type { Action } from "./action.ts";
import type { DesiredVariant } from "./desired.ts";
import type { Failure } from "./incarnation.ts";
import { type ObservedIncarnation, type ObservedVariant, isRunning } from "./observed.ts";
import type { Policy } from "./policy.ts";
import type { Reason } from "./reasons.ts";
import { incumbent, isActive, isWanted } from "./serving.ts";
import { type LifecycleEvent, transition } from "./transition.ts";

export interface Facts {
  readonly desired: DesiredVariant | undefined;
  readonly observed: ObservedVariant;
  readonly now: number;
  readonly policy: Policy;
}

export type RecordStep = Extract<Action, { readonly kind: "RecordState" }>;

interface Happened {
  readonly event: LifecycleEvent;
  readonly failure?: Failure | undefined;
}

/** The step that brings one record up to date with the table and the platform, if it is behind. */
export function recordStep(facts: Facts, incarnation: ObservedIncarnation): RecordStep | undefined {
  const happened = whatHappened(facts, incarnation);
  return happened === undefined ? undefined : stepOf(incarnation, happened);
}

/** The step of an incarnation that the table lists while its record still says PENDING. */
export function enteredStep(
  { route }: Pick<ObservedVariant, "route">,
  incarnation: ObservedIncarnation,
): RecordStep | undefined {
  const { number, state } = incarnation.record;
  const isEntered = state === "PENDING" && route.entry?.incarnation === number;
  return isEntered ? stepOf(incarnation, { event: "ready" }) : undefined;
}

function stepOf(incarnation: ObservedIncarnation, happened: Happened): RecordStep | undefined {
  const { service, key, number, state } = incarnation.record;
  const to = transition(state, happened.event, isRunning(incarnation));
  if (to === state) return undefined;
  return {
    kind: "RecordState",
    ref: { service, key, number },
    event: happened.event,
    from: state,
    to,
    failure: happened.failure,
  };
}

function whatHappened(facts: Facts, incarnation: ObservedIncarnation): Happened | undefined {
  switch (incarnation.record.state) {
    case "PENDING":
      return ofPending(facts, incarnation);
    case "ACTIVE":
    case "SUSPENDED":
      return ofActive(facts, incarnation);
    case "DRAINING":
      return ofDraining(incarnation);
    case "ADOPTED":
      // Without subscriptions nothing is left to adopt.
      return { event: "drained" };
    case "GONE":
      return undefined;
  }
}

function ofPending(facts: Facts, incarnation: ObservedIncarnation): Happened | undefined {
  const { desired, observed } = facts;
  const { record } = incarnation;
  // The table is the truth: what it lists has taken over, whatever was written down since.
  if (observed.route.entry?.incarnation === record.number) return { event: "ready" };
  if (!isWanted(desired, observed.promoted)) return { event: "destroyed" };
  if (record.generation !== desired.generation) return { event: "replaced" };
  if (record.run !== observed.run) return { event: "replaced" };
  const failure = failureOf(facts, incarnation);
  return failure === undefined ? undefined : { event: "failed", failure };
}

function ofActive(
  { desired, observed }: Facts,
  { record }: ObservedIncarnation,
): Happened | undefined {
  const listed = observed.route.entry;
  if (listed?.incarnation === record.number) return undefined;
  if (!isWanted(desired, observed.promoted)) return { event: "destroyed" };
  const heir = incumbent(observed);
  return heir !== undefined && heir.record.number > record.number
    ? { event: "replaced" }
    : undefined;
}

function ofDraining(incarnation: ObservedIncarnation): Happened | undefined {
  if (incarnation.drain !== "unknown") return { event: incarnation.drain };
  return isRunning(incarnation) ? undefined : { event: "drained" };
}

/** Why a pending incarnation can't be waited for any longer. */
function failureOf(facts: Facts, incarnation: ObservedIncarnation): Failure | undefined {
  const { now, policy } = facts;
  const { record, workload } = incarnation;
  const because = (reason: Reason | (string & {}), message: string): Failure => ({
    reason,
    message,
    at: now,
  });
  if (workload.phase === "Failed") {
    return because(workload.reason ?? "WorkloadFailed", workload.message);
  }
  if (mustTryOn(facts, incarnation)) return undefined;
  if (workload.phase === "CrashLoop") return because("CrashLoop", workload.message);
  if (
    workload.phase !== "Ready" &&
    hasDeadline(facts) &&
    record.createdAt + policy.startDeadlineMs <= now
  ) {
    const seconds = Math.round(policy.startDeadlineMs / 1000);
    return because("StartDeadline", `not ready after ${seconds} s: ${workload.message}`);
  }
  return undefined;
}

/** A process under somebody's debugger may take its time. */
export function hasDeadline({ desired }: Pick<Facts, "desired">): boolean {
  return desired?.source.kind !== "url";
}

/**
 * A process that keeps ending is given up only where that leaves things no worse: not where it is the only stable, and
 * not where the same generation was serving before (the platform was started again, and its neighbours are late).
 */
export function mustTryOn(
  { observed }: Pick<Facts, "observed">,
  incarnation: ObservedIncarnation,
): boolean {
  const others = observed.incarnations.filter((other) => other !== incarnation);
  if (observed.key === STABLE) {
    const anotherServes = others.some((other) => isActive(other.record.state) && isRunning(other));
    if (!anotherServes) return true;
  }
  const { generation } = incarnation.record;
  return others.some(({ record }) => record.generation === generation && isActive(record.state));
}
