import {
  type IncarnationRecord,
  type Policy,
  type RecordStep,
  type StateChange,
  recordStep,
} from "@cocktail/environment";
import { type Sources, observeVariant } from "./observe.ts";

interface At {
  readonly now: number;
  readonly policy: Policy;
}

/**
 * What to write of a step that was planned upon earlier facts: nothing where today's facts would not plan it any more.
 * What the table says of the incarnation goes into its record, so that a later run lists the same.
 */
export function decideRecord(
  sources: Sources,
  { ref, from, to, failure }: RecordStep,
  { now, policy }: At,
): { readonly changes: readonly StateChange[] } {
  const { desired, observed } = observeVariant(sources, ref);
  const found = observed.incarnations.find(({ record }) => record.number === ref.number);
  if (found === undefined) return { changes: [] };
  const again = recordStep({ desired, observed, now, policy }, found);
  if (again?.from !== from || again.to !== to) return { changes: [] };
  const { record } = found;
  const { entry } = observed.route;
  const { revision, destination } = entry?.incarnation === ref.number ? entry : record;
  const incarnation: IncarnationRecord = {
    ...record,
    state: to,
    failure: failure ?? record.failure,
    revision,
    destination,
  };
  return { changes: [{ kind: "PutIncarnation", incarnation }] };
}
