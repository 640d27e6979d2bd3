import type { Action } from "./action.ts";
import type { Condition } from "./condition.ts";
import { type IncarnationRecord, newIncarnation } from "./incarnation.ts";
import type { VariantObject, VariantStatus } from "./object.ts";
import type { Facts, ObservedVariant } from "./observed.ts";
import { recordStep } from "./record-steps.ts";
import { derive, newest, revisionOf } from "./serving.ts";

/** An action that only changes the variant's status. */
export type StatusAction = Extract<
  Action,
  { readonly kind: "CreateIncarnation" | "RecordState" | "ForgetIncarnation" }
>;

export function isStatusAction(action: Action): action is StatusAction {
  return (
    action.kind === "CreateIncarnation" ||
    action.kind === "RecordState" ||
    action.kind === "ForgetIncarnation"
  );
}

/** The incarnations after status actions that were planned from exactly these facts. */
export function withActions(
  { desired, observed, now }: Omit<Facts, "policy">,
  actions: readonly StatusAction[],
  host: string,
): Pick<VariantStatus, "incarnations" | "lastIncarnation"> {
  const incarnations = new Map(observed.incarnations.map(({ record }) => [record.number, record]));
  let { lastIncarnation } = observed;
  for (const action of actions) {
    const number = action.ref.incarnation;
    const record = incarnations.get(number);
    if (action.kind === "ForgetIncarnation") incarnations.delete(number);
    else if (action.kind === "RecordState") {
      if (record !== undefined) incarnations.set(number, recorded(record, action, observed));
    } else if (desired !== undefined) {
      incarnations.set(number, newIncarnation(desired.spec, number, { host, now }));
      lastIncarnation = Math.max(lastIncarnation, number);
    }
  }
  const sorted = [...incarnations.values()].toSorted((one, other) => one.number - other.number);
  return { incarnations: sorted, lastIncarnation };
}

/** Copies the published revision and destination into the record, so that a later engine publishes the same. */
function recorded(
  record: IncarnationRecord,
  { to, failure }: Extract<StatusAction, { readonly kind: "RecordState" }>,
  { route }: ObservedVariant,
): IncarnationRecord {
  const { revision, destination } =
    route.entry?.incarnation === record.number ? route.entry : record;
  return { ...record, state: to, failure: failure ?? record.failure, revision, destination };
}

/** True if a step that was planned from earlier facts is still part of the plan. */
export function isStillPlanned(
  facts: Facts,
  step: Extract<StatusAction, { readonly kind: "RecordState" }>,
): boolean {
  const found = facts.observed.incarnations.find(
    ({ record }) => record.number === step.ref.incarnation,
  );
  if (found === undefined) return false;
  const again = recordStep(facts, derive(facts.desired, facts.observed), found);
  return again?.from === step.from && again.to === step.to;
}

/**
 * The stored conditions of a variant, or `Unknown` if they are outdated because the host of all its incarnations is gone, or
 * were never written.
 */
export function currentConditions(object: VariantObject, host: string): readonly Condition[] {
  const { status, createdAt, generation } = object;
  const records = status?.incarnations ?? [];
  const isOutdated = records.length > 0 && records.every((each) => each.host !== host);
  if (status !== undefined && status.conditions.length > 0 && !isOutdated) return status.conditions;
  return [
    {
      type: "Ready",
      status: "Unknown",
      reason: "Deploying",
      message: "not reconciled yet",
      observedGeneration: generation - 1,
      lastTransitionTime: new Date(createdAt).toISOString(),
    },
  ];
}

/** The revision of the incarnation that serves, else of the newest; undefined until it is known. */
export function currentRevision(
  desired: VariantObject,
  observed: ObservedVariant,
): string | undefined {
  const incarnation =
    derive(desired, observed).serving?.incarnation ?? newest(observed.incarnations);
  if (incarnation === undefined) return undefined;
  const { entry } = observed.route;
  const listed = entry?.incarnation === incarnation.record.number ? entry.revision : "";
  const revision = revisionOf(incarnation) || listed;
  return revision === "" ? undefined : revision;
}
