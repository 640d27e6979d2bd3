import { STABLE } from "@cocktail/route";
import type { Action } from "./action.ts";
import type { Failure } from "./incarnation.ts";
import {
  type Facts,
  type ObservedIncarnation,
  type ObservedVariant,
  isRunning,
} from "./observed.ts";
import type { Reason } from "./reasons.ts";
import { type Derived, isActive } from "./serving.ts";
import { type LifecycleEvent, transition } from "./transition.ts";

export type RecordStep = Extract<Action, { readonly kind: "RecordState" }>;

interface Happened {
  readonly event: LifecycleEvent;
  readonly failure?: Failure | undefined;
}

/** The step that brings one record up to date with the table and the platform, if it is behind. */
export function recordStep(
  facts: Facts,
  derived: Derived,
  incarnation: ObservedIncarnation,
): RecordStep | undefined {
  const happened = whatHappened(facts, derived, incarnation);
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
  const {
    ref,
    record: { state },
  } = incarnation;
  const to = transition(state, happened.event, isRunning(incarnation));
  if (to === state) return undefined;
  return {
    kind: "RecordState",
    ref,
    event: happened.event,
    from: state,
    to,
    failure: happened.failure,
  };
}

function whatHappened(
  facts: Facts,
  derived: Derived,
  incarnation: ObservedIncarnation,
): Happened | undefined {
  switch (incarnation.record.state) {
    case "PENDING":
      return ofPending(facts, derived, incarnation);
    case "ACTIVE":
    case "SUSPENDED":
      return ofActive(facts, derived, incarnation);
    case "DRAINING":
      return ofDraining(incarnation);
    case "ADOPTED":
      // Without subscriptions nothing is left to adopt.
      return { event: "drained" };
    case "GONE":
      return undefined;
  }
}

function ofPending(
  facts: Facts,
  { isWanted }: Derived,
  incarnation: ObservedIncarnation,
): Happened | undefined {
  const { desired, observed } = facts;
  const { record, workload } = incarnation;
  // The table is the truth: what it lists has taken over, whatever was written down since.
  if (observed.route.entry?.incarnation === record.number) return { event: "ready" };
  if (!isWanted) return { event: "destroyed" };
  if (record.rollout !== desired?.spec.rollout) return { event: "replaced" };
  if (workload.phase === "Lost") return { event: "replaced" };
  const failure = failureOf(facts, incarnation);
  return failure === undefined ? undefined : { event: "failed", failure };
}

function ofActive(
  { observed }: Facts,
  { incumbent, isWanted }: Derived,
  { record }: ObservedIncarnation,
): Happened | undefined {
  const listed = observed.route.entry;
  if (listed?.incarnation === record.number) return undefined;
  if (!isWanted) return { event: "destroyed" };
  return incumbent !== undefined && incumbent.record.number > record.number
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
  const because = (reason: Reason, message: string): Failure => ({
    reason,
    message,
    at: now,
  });
  if (workload.phase === "Failed") {
    return because(workload.reason ?? "WorkloadFailed", workload.message);
  }
  if (mustKeepRetrying(facts, incarnation)) return undefined;
  if (workload.phase === "CrashLoop") return because("CrashLoop", workload.message);
  if (
    workload.phase !== "Ready" &&
    workload.isExternal !== true &&
    record.createdAt + policy.startDeadlineMs <= now
  ) {
    const seconds = Math.round(policy.startDeadlineMs / 1000);
    return because("StartDeadline", `not ready after ${seconds} s: ${workload.message}`);
  }
  return undefined;
}

/**
 * A process that keeps exiting is given up only where that leaves things no worse: not where it is the only stable, and
 * not where the same rollout was serving before (the platform was started again, and its dependencies start later).
 */
export function mustKeepRetrying(
  { observed }: Pick<Facts, "observed">,
  incarnation: ObservedIncarnation,
): boolean {
  const others = observed.incarnations.filter((other) => other !== incarnation);
  if (observed.key === STABLE) {
    const anotherServes = others.some((other) => isActive(other.record.state) && isRunning(other));
    if (!anotherServes) return true;
  }
  const { rollout } = incarnation.record;
  return others.some(({ record }) => record.rollout === rollout && isActive(record.state));
}
