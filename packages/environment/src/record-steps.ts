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

interface ObservedEvent {
  readonly event: LifecycleEvent;
  readonly failure?: Failure | undefined;
}

/** The step that updates a stale record from the table and the platform. */
export function recordStep(
  facts: Facts,
  derived: Derived,
  incarnation: ObservedIncarnation,
): RecordStep | undefined {
  const event = observeEvent(facts, derived, incarnation);
  return event === undefined ? undefined : stepOf(incarnation, event);
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

function stepOf(
  incarnation: ObservedIncarnation,
  { event, failure }: ObservedEvent,
): RecordStep | undefined {
  const {
    ref,
    record: { state },
  } = incarnation;
  const to = transition(state, event, isRunning(incarnation));
  if (to === state) return undefined;
  return {
    kind: "RecordState",
    ref,
    event,
    from: state,
    to,
    failure,
  };
}

function observeEvent(
  facts: Facts,
  derived: Derived,
  incarnation: ObservedIncarnation,
): ObservedEvent | undefined {
  switch (incarnation.record.state) {
    case "PENDING":
      return eventWhilePending(facts, derived, incarnation);
    case "ACTIVE":
    case "SUSPENDED":
      return eventWhileActive(facts, derived, incarnation);
    case "DRAINING":
      return eventWhileDraining(incarnation);
    case "ADOPTED":
      // Without subscriptions there is nothing to adopt.
      return { event: "drained" };
    case "GONE":
      return undefined;
  }
}

function eventWhilePending(
  facts: Facts,
  { isDesired }: Derived,
  incarnation: ObservedIncarnation,
): ObservedEvent | undefined {
  const { desired, observed } = facts;
  const { record, workload } = incarnation;
  // The table is authoritative: an incarnation that it lists has taken over, whatever the record says.
  if (observed.route.entry?.incarnation === record.number) return { event: "ready" };
  if (!isDesired) return { event: "destroyed" };
  if (record.rollout !== desired?.spec.rollout) return { event: "replaced" };
  if (workload.phase === "Lost") return { event: "replaced" };
  const failure = failureOf(facts, incarnation);
  return failure === undefined ? undefined : { event: "failed", failure };
}

function eventWhileActive(
  { observed }: Facts,
  { incumbent, isDesired }: Derived,
  { record }: ObservedIncarnation,
): ObservedEvent | undefined {
  const listed = observed.route.entry;
  if (listed?.incarnation === record.number) return undefined;
  if (!isDesired) return { event: "destroyed" };
  return incumbent !== undefined && incumbent.record.number > record.number
    ? { event: "replaced" }
    : undefined;
}

function eventWhileDraining(incarnation: ObservedIncarnation): ObservedEvent | undefined {
  if (incarnation.drain !== "unknown") return { event: incarnation.drain };
  return isRunning(incarnation) ? undefined : { event: "drained" };
}

/** Why a pending incarnation has failed, if it has. */
function failureOf(facts: Facts, incarnation: ObservedIncarnation): Failure | undefined {
  const { now, policy } = facts;
  const { record, workload } = incarnation;
  const failWith = (reason: Reason, message: string): Failure => ({
    reason,
    message,
    at: now,
  });
  if (workload.phase === "Failed") {
    return failWith(workload.reason ?? "WorkloadFailed", workload.message);
  }
  if (mustKeepRetrying(facts, incarnation)) return undefined;
  if (workload.phase === "CrashLoop") return failWith("CrashLoop", workload.message);
  if (
    workload.phase !== "Ready" &&
    workload.isExternal !== true &&
    record.createdAt + policy.startDeadlineMs <= now
  ) {
    const seconds = Math.round(policy.startDeadlineMs / 1000);
    return failWith("StartDeadline", `not ready after ${seconds} s: ${workload.message}`);
  }
  return undefined;
}

/**
 * A process that keeps exiting fails only if that makes nothing worse: not if it is the only stable, and not if the same
 * rollout was serving before (the platform was restarted, and its dependencies start later).
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
