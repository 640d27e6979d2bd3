import type { Reason } from "../reasons.ts";
import type { Refusal } from "../refusal.ts";
import type { Write } from "../write.ts";

/** The writes that a request results in, or why it is refused. Deciding changes nothing. */
export type Decision<T = object> = Refused | Waits | Decided<T>;

export interface Refused {
  readonly kind: "refused";
  readonly refusal: Refusal;
}

/** An object of this name is being deleted: decide again when it is gone. */
export interface Waits {
  readonly kind: "waits";
  readonly for: { readonly kind: "ServiceVariant" | "Environment"; readonly name: string };
}

export type Decided<T = object> = {
  readonly kind: "decided";
  readonly outcome: Outcome;
  /** In the order of execution. */
  readonly writes: readonly Write[];
  readonly warnings: readonly string[];
} & T;

export type Outcome = "created" | "updated" | "unchanged" | "deleted" | "already absent";

export function refused(reason: Reason, params: Readonly<Record<string, string>> = {}): Refused {
  return { kind: "refused", refusal: { reason, params } };
}
