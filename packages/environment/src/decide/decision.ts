import type { Reason } from "../reasons.ts";
import type { Refusal } from "../refusal.ts";
import type { Write } from "../write.ts";

/** What a request does to the stored objects, or why not. Deciding changes nothing. */
export type Decision<T = object> = Refused | Waits | Decided<T>;

export interface Refused {
  readonly kind: "refused";
  readonly refusal: Refusal;
}

/** An object of this name is being deleted: the decision can be made when it is gone. */
export interface Waits {
  readonly kind: "waits";
  readonly for: { readonly kind: "ServiceVariant" | "Environment"; readonly name: string };
}

export type Decided<T = object> = {
  readonly kind: "decided";
  readonly outcome: Outcome;
  /** In the order in which they are made. */
  readonly writes: readonly Write[];
  readonly warnings: readonly string[];
} & T;

export type Outcome = "created" | "updated" | "unchanged" | "deleted" | "already absent";

export function refused(reason: Reason, params: Readonly<Record<string, string>> = {}): Refused {
  return { kind: "refused", refusal: { reason, params } };
}
