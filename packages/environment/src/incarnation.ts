import type { OnUnavailable } from "@cocktail/route";
import type { Reason } from "./reasons.ts";

/** States of an incarnation; see `transition`. */
export const variantStates = [
  "PENDING",
  "ACTIVE",
  "SUSPENDED",
  "DRAINING",
  "ADOPTED",
  "GONE",
] as const;
export type VariantState = (typeof variantStates)[number];

/** Identifies one incarnation: `payment-service:mp-101#2`. */
export interface IncarnationRef {
  readonly service: string;
  readonly key: string;
  readonly incarnation: number;
}

/** One incarnation as stored in the status of its variant. */
export interface IncarnationRecord {
  readonly number: number;
  /** Rollout of the variant that it was made for. */
  readonly rollout: number;
  readonly state: VariantState;
  /** Empty until the platform knows it. */
  readonly revision: string;
  /** Base URL; fixed for the life of the incarnation, absent until it first listens. */
  readonly destination?: string | undefined;
  /** The platform's name for the host of its workload. If that host is gone, the workload is lost. */
  readonly host: string;
  readonly onUnavailable: OnUnavailable;
  readonly endpoints?: readonly string[] | undefined;
  readonly createdAt: number;
  /** Why it failed before it was ever ready. */
  readonly failure?: Failure | undefined;
}

export interface Failure {
  readonly reason: Reason;
  readonly message: string;
  readonly at: number;
}

/** The initial record of a variant's next incarnation. */

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
