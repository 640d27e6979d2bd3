import type { TableVariant } from "@cocktail/route";
import type { IncarnationRecord, IncarnationRef } from "./incarnation.ts";
import type { RolloutRef, VariantObject } from "./object.ts";
import type { Policy } from "./policy.ts";
import type { Reason } from "./reasons.ts";

/**
 * Failed: it can never become ready (its preparation failed, its path does not exist). CrashLoop: it keeps exiting; the
 * platform retries, slowly. NotReady: it was ready and is not. Absent: the platform has not been asked for it. Lost: the
 * platform had it, and it never comes back.
 */
export const workloadPhases = [
  "Absent",
  "Lost",
  "Preparing",
  "Starting",
  "Ready",
  "NotReady",
  "CrashLoop",
  "Failed",
] as const;
export type WorkloadPhase = (typeof workloadPhases)[number];

/** What the platform says of one incarnation's workload. */
export interface ObservedWorkload {
  readonly phase: WorkloadPhase;
  readonly reason?: Reason | undefined;
  readonly message: string;
  readonly destination?: string | undefined;
  readonly revision?: string | undefined;
  /** Somebody else starts it, perhaps under a debugger: it has no start deadline. */
  readonly isExternal?: boolean | undefined;
}

/** One incarnation: its record, its workload, and what this engine found out about it. */
export interface ObservedIncarnation {
  readonly ref: IncarnationRef;
  readonly record: IncarnationRecord;
  readonly workload: ObservedWorkload;
  /** How its drain ended; `unknown` also while it goes on. */
  readonly drain: "unknown" | "drained" | "budgetOver";
  /** This engine has removed its workload. */
  readonly isRemoved: boolean;
}

/** What is known about the route of one variant. */
export interface ObservedRoute {
  /** Its entry in the head of the route table. */
  readonly entry: TableVariant | undefined;
  /** It is being deleted with its environment, and is listed until all that goes with it leaves in one epoch. */
  readonly isHeld: boolean;
  /** Epoch in which the entry last changed, or one not below it. */
  readonly changedAt: number;
  /** Every reader holds a table of at least this epoch. */
  readonly acked: number;
  /** Number of the incarnation that answered a request through the gateway. */
  readonly probed: number | undefined;
  /** Why the last probe was not answered; gone with the next that is. */
  readonly probeFailure?: string | undefined;
}

/** Everything that planning looks at, beside what is wanted. */
export interface ObservedVariant {
  readonly service: string;
  readonly key: string;
  /** In any order. */
  readonly incarnations: readonly ObservedIncarnation[];
  /** The highest number that this key ever had, in this life or an earlier one; 0: none. */
  readonly lastIncarnation: number;
  readonly route: ObservedRoute;
  /** The release candidate that stable has taken over, as the table shows. */
  readonly promoted: RolloutRef | undefined;
  /** Destroying it now would lose work that is nowhere else. Only looked at when it matters. */
  readonly wouldLoseWork: boolean;
  /** What it had beside its incarnations was taken away, and nothing was started since. */
  readonly isReleased: boolean;
}

/** What one decision about a variant looks at. */
export interface Facts {
  readonly desired: VariantObject | undefined;
  readonly observed: ObservedVariant;
  readonly now: number;
  readonly policy: Policy;
}

export const absentWorkload: ObservedWorkload = { phase: "Absent", message: "" };
export const lostWorkload: ObservedWorkload = { phase: "Lost", message: "its host is gone" };

/** True where something of the incarnation runs, or is on its way to. */
export function isRunning({ workload: { phase } }: ObservedIncarnation): boolean {
  return phase !== "Absent" && phase !== "Lost" && phase !== "Failed";
}
