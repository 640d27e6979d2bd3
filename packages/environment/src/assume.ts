import type { Action } from "./action.ts";
import { type IncarnationRef, newIncarnation } from "./incarnation.ts";
import {
  type Facts,
  type ObservedIncarnation,
  type ObservedRoute,
  type ObservedVariant,
  absentWorkload,
} from "./observed.ts";
import { derive } from "./serving.ts";

/** A placeholder for a destination that is known only after the step was executed. */
const expected = {
  phase: "Ready",
  message: "",
  destination: "expected:",
  revision: "expected",
} as const;

/** The expected facts after a step succeeded, so that a dry run can plan the following steps. */
export function assume(facts: Facts, action: Action): Facts {
  const { desired, observed } = facts;
  const observing = (change: Partial<ObservedVariant>): Facts => ({
    ...facts,
    observed: { ...observed, ...change },
  });
  switch (action.kind) {
    case "DestroyVariant":
      return { ...facts, desired: desired && { ...desired, deletedAt: facts.now } };
    case "ForgetVariant":
      return { ...facts, desired: undefined };
    case "ReleaseVariant":
      return observing({ isReleased: true });
    case "CreateIncarnation":
      return observing(created(facts, action.ref));
    case "PublishTable":
      return observing(published(facts));
    case "AwaitReaders":
      return observing(withRoute(observed, { acked: observed.route.changedAt }));
    case "ProbeRoute":
      return observing(withRoute(observed, { probed: action.ref.incarnation }));
    case "ForgetIncarnation":
      return observing({
        incarnations: observed.incarnations.filter((each) => !isNamed(each, action.ref)),
      });
    case "DestroyEnvironment":
    case "ForgetEnvironment":
      return facts;
    default:
      return observing(withIncarnation(observed, action));
  }
}

type IncarnationAction = Extract<
  Action,
  {
    readonly kind:
      | "EnsureWorkload"
      | "AwaitReady"
      | "RecordState"
      | "DrainWorkload"
      | "RemoveWorkload";
  }
>;

function withIncarnation(
  observed: ObservedVariant,
  action: IncarnationAction,
): Partial<ObservedVariant> {
  return {
    incarnations: observed.incarnations.map((each) =>
      isNamed(each, action.ref) ? { ...each, ...effectOf(action, each) } : each,
    ),
    // A workload that is started needs a checkout and listeners again.
    isReleased: observed.isReleased && action.kind !== "EnsureWorkload",
  };
}

function effectOf(
  action: IncarnationAction,
  each: ObservedIncarnation,
): Partial<ObservedIncarnation> {
  switch (action.kind) {
    case "EnsureWorkload":
      return { workload: { phase: "Starting", message: "" } };
    case "AwaitReady":
      return { workload: { ...expected } };
    case "RecordState":
      return { record: { ...each.record, state: action.to, failure: action.failure } };
    case "DrainWorkload":
      return { drain: "drained" };
    case "RemoveWorkload":
      return { workload: absentWorkload, isRemoved: true };
  }
}

function created({ desired, observed, now }: Facts, ref: IncarnationRef): Partial<ObservedVariant> {
  if (desired === undefined) return {};
  const incarnation: ObservedIncarnation = {
    ref,
    record: newIncarnation(desired.spec, ref.incarnation, { host: "", now }),
    workload: absentWorkload,
    drain: "unknown",
    isRemoved: false,
  };
  return {
    lastIncarnation: Math.max(observed.lastIncarnation, ref.incarnation),
    incarnations: [...observed.incarnations, incarnation],
  };
}

function published({ desired, observed }: Facts): Partial<ObservedVariant> {
  return withRoute(observed, {
    entry: derive(desired, observed).serving?.entry,
    changedAt: Math.max(observed.route.changedAt, observed.route.acked) + 1,
  });
}

function withRoute(
  { route }: ObservedVariant,
  change: Partial<ObservedRoute>,
): Pick<ObservedVariant, "route"> {
  return { route: { ...route, ...change } };
}

function isNamed({ record }: ObservedIncarnation, ref: IncarnationRef): boolean {
  return record.number === ref.incarnation;
}
