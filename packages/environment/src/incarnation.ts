import type { OnUnavailable } from "@cocktail/route";
import type { Reason } from "./reasons.ts";

/** States of an incarnation; `transition` says how one follows another. */
export const variantStates = [
  "PENDING",
  "ACTIVE",
  "SUSPENDED",
  "DRAINING",
  "ADOPTED",
  "GONE",
] as const;
export type VariantState = (typeof variantStates)[number];

/** Names one incarnation: `payment-service:mp-101#2`. */
export interface IncarnationRef {
  readonly service: string;
  readonly key: string;
  readonly incarnation: number;
}

/** What is remembered of one incarnation, in the status of its variant. */
export interface IncarnationRecord {
  readonly number: number;
  /** Rollout of the variant that it was made for. */
  readonly rollout: number;
  readonly state: VariantState;
  /** Empty until the platform knows it. */
  readonly revision: string;
  /** Base URL; fixed for the life of the incarnation, absent until it first listened. */
  readonly destination?: string | undefined;
  /** What holds its workload, in a word of the platform's: a workload whose host is gone is lost. */
  readonly host: string;
  readonly onUnavailable: OnUnavailable;
  readonly endpoints?: readonly string[] | undefined;
  readonly createdAt: number;
  /** Why it ended before it was ever ready. */
  readonly failure?: Failure | undefined;
}

export interface Failure {
  readonly reason: Reason;
  readonly message: string;
  readonly at: number;
}

/** The record a variant's next incarnation begins with. */
export function newIncarnation(
  spec: Pick<IncarnationRecord, "rollout" | "onUnavailable" | "endpoints">,
  number: number,
  { host, now }: { readonly host: string; readonly now: number },
): IncarnationRecord {
  return {
    number,
    rollout: spec.rollout,
    state: "PENDING",
    revision: "",
    host,
    onUnavailable: spec.onUnavailable,
    ...(spec.endpoints === undefined ? {} : { endpoints: spec.endpoints }),
    createdAt: now,
  };
}

/** `payment-service:mp-101#2`. */
export function formatIncarnation(ref: IncarnationRef): string {
  return `${ref.service}:${ref.key}#${ref.incarnation}`;
}
