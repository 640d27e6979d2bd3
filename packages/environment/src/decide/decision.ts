import type { Reason } from "../reasons.ts";
import type { Refusal } from "../refusal.ts";
import type { StateChange } from "../state.ts";

/** What a wish does to the stored state, or why not. Deciding changes nothing. */
export type Decision<T = object> = Refused | Decided<T>;

export interface Refused {
  readonly kind: "refused";
  readonly refusal: Refusal;
}
export type Decided<T = object> = {
  readonly kind: "decided";
  readonly outcome: Outcome;
  readonly changes: readonly StateChange[];
  readonly warnings: readonly string[];
} & T;

export type Outcome = "created" | "updated" | "unchanged" | "deleted" | "already absent";

export function refused(
  code: Refusal["code"],
  reason: Reason,
  message: string,
  fix: string,
): Refused {
  return { kind: "refused", refusal: { code, reason, message, fix } };
}
