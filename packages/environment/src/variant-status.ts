import type { Action } from "./action.ts";
import { type IncarnationRecord, newIncarnation } from "./incarnation.ts";
import type { VariantObject, VariantStatus } from "./object.ts";
import type { Facts, ObservedVariant } from "./observed.ts";
import { recordStep } from "./record-steps.ts";
import { derive, newest, revisionOf } from "./serving.ts";

/** An action that is a change of the variant's status, and nothing else. */
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

/** The incarnations after some status actions that were planned upon exactly these facts. */
export function withActions(
  { desired, observed, now }: Omit<Facts, "policy">,
  actions: readonly StatusAction[],
  host: string,
): Pick<VariantStatus, "incarnations" | "lastIncarnation"> {
  let incarnations: readonly IncarnationRecord[] = observed.incarnations.map(
    ({ record }) => record,
  );
  let { lastIncarnation } = observed;
  for (const action of actions) {
    const number = action.ref.incarnation;
    switch (action.kind) {
      case "CreateIncarnation":
        if (desired === undefined) break;
        incarnations = [...incarnations, newIncarnation(desired.spec, number, { host, now })];
        lastIncarnation = Math.max(lastIncarnation, number);
        break;
      case "ForgetIncarnation":
        incarnations = incarnations.filter((each) => each.number !== number);
        break;
      case "RecordState":
        incarnations = incarnations.map((each) =>
          each.number === number ? recorded(each, action, observed) : each,
        );
    }
  }
  return {
    incarnations: incarnations.toSorted((one, other) => one.number - other.number),
    lastIncarnation,
  };
}

/** What the table says of an incarnation goes into its record, so that a later engine lists the same. */
function recorded(
  record: IncarnationRecord,
  { to, failure }: Extract<StatusAction, { readonly kind: "RecordState" }>,
  { route }: ObservedVariant,
): IncarnationRecord {
  const { revision, destination } =
    route.entry?.incarnation === record.number ? route.entry : record;
  return { ...record, state: to, failure: failure ?? record.failure, revision, destination };
}

/** True where the facts of now still ask for a step that was planned upon earlier ones. */
export function stillAsksFor(
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

/** Revision of the incarnation that serves, else of the newest; undefined until one is known. */
export function currentRevision(
  desired: VariantObject,
  observed: ObservedVariant,
): string | undefined {
  const incarnation =
    derive(desired, observed).serving?.incarnation ?? newest(observed.incarnations);
  if (incarnation === undefined) return undefined;
  const { entry } = observed.route;
  const listed = entry?.incarnation === incarnation.record.number ? entry.revision : "";
  const revision = listed === "" ? revisionOf(incarnation) : listed;
  return revision === "" ? undefined : revision;
}
