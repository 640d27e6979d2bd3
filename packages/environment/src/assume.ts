import type { Action } from "./action.ts";
import type { DesiredVariant } from "./desired.ts";
import type { IncarnationRecord, IncarnationRef } from "./incarnation.ts";
import {
  type ObservedIncarnation,
  type ObservedRoute,
  type ObservedVariant,
  absentWorkload,
} from "./observed.ts";
import type { Facts } from "./record-steps.ts";
import { servingOf } from "./serving.ts";

/** A destination no real workload has: it only stands for "known by then" inside a plan. */
const expected = {
  phase: "Ready",
  message: "",
  destination: "expected:",
  revision: "expected",
} as const;

/** The facts as they should be once a step has had its effect: what turns single steps into a whole plan. */
export function assume(facts: Facts, action: Action): Facts {
  const { observed } = facts;
  switch (action.kind) {
    case "DestroyVariant":
      return { ...facts, desired: destroyed(facts.desired) };
    case "ReleaseVariant":
      return { ...facts, observed: { ...observed, isReleased: true } };
    case "ForgetVariant":
      return { ...facts, desired: undefined };
    case "CreateIncarnation":
      return { ...facts, observed: created(facts, action.ref) };
    case "PublishTable":
      return { ...facts, observed: published(facts) };
    case "AwaitReaders":
      return { ...facts, observed: withRoute(observed, { acked: observed.route.changedAt }) };
    case "ProbeRoute":
      return { ...facts, observed: withRoute(observed, { probed: action.ref.number }) };
    case "ForgetIncarnation":
      return {
        ...facts,
        observed: {
          ...observed,
          incarnations: observed.incarnations.filter((each) => !isNamed(each, action.ref)),
        },
      };
    default:
      return { ...facts, observed: withIncarnation(observed, action) };
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
  action: IncarnationAction | { readonly kind: "DestroyEnvironment" },
): ObservedVariant {
  if (action.kind === "DestroyEnvironment") return observed;
  const incarnations = observed.incarnations.map((each) =>
    isNamed(each, action.ref) ? { ...each, ...effectOf(action, each) } : each,
  );
  // What starts needs a checkout and listeners again.
  const isReleased = observed.isReleased && action.kind !== "EnsureWorkload";
  return { ...observed, incarnations, isReleased };
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

function destroyed(desired: DesiredVariant | undefined): DesiredVariant | undefined {
  return desired === undefined ? undefined : { ...desired, deleted: true };
}

function created({ desired, observed, now }: Facts, ref: IncarnationRef): ObservedVariant {
  if (desired === undefined) return observed;
  const record = newIncarnation(desired, ref.number, { run: observed.run, now });
  const incarnation: ObservedIncarnation = {
    record,
    workload: absentWorkload,
    drain: "unknown",
    isRemoved: false,
  };
  return {
    ...observed,
    lastIncarnation: Math.max(observed.lastIncarnation, ref.number),
    incarnations: [...observed.incarnations, incarnation],
  };
}

/** The record a variant's next incarnation begins with. */
export function newIncarnation(
  desired: DesiredVariant,
  number: number,
  { run, now }: { readonly run: string; readonly now: number },
): IncarnationRecord {
  return {
    service: desired.service,
    key: desired.key,
    number,
    generation: desired.generation,
    state: "PENDING",
    revision: "",
    run,
    onUnavailable: desired.onUnavailable,
    ...(desired.endpoints === undefined ? {} : { endpoints: desired.endpoints }),
    createdAt: now,
  };
}

function published({ desired, observed }: Facts): ObservedVariant {
  return withRoute(observed, {
    entry: servingOf(desired, observed)?.entry,
    changedAt: Math.max(observed.route.changedAt, observed.route.acked) + 1,
  });
}

function withRoute(observed: ObservedVariant, change: Partial<ObservedRoute>): ObservedVariant {
  return { ...observed, route: { ...observed.route, ...change } };
}

function isNamed({ record }: ObservedIncarnation, ref: IncarnationRef): boolean {
  return record.number === ref.number;
}
