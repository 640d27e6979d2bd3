import type { OnUnavailable } from "@cocktail/route";

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

/** Names one incarnation: `payment-service:mp-101` #2. */
export interface IncarnationRef {
  readonly service: string;
  readonly key: string;
  readonly number: number;
}

/** What is remembered of one incarnation. */
export interface IncarnationRecord extends IncarnationRef {
  /** Generation of the desired variant that it embodies. */
  readonly generation: number;
  readonly state: VariantState;
  /** Empty until the platform knows it. */
  readonly revision: string;
  /** Base URL; fixed for the life of the incarnation, absent until it first listened. */
  readonly destination?: string | undefined;
  /** The run of the platform that holds its workload: a workload of another run is dead. */
  readonly run: string;
  readonly onUnavailable: OnUnavailable;
  readonly endpoints?: readonly string[] | undefined;
  readonly createdAt: number;
  /** Why it ended before it was ever ready. */
  readonly failure?: Failure | undefined;
}

export interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly at: number;
}

/** `payment-service:mp-101#2`. */
export function formatIncarnation(ref: IncarnationRef): string {
  return `${ref.service}:${ref.key}#${ref.number}`;
}
