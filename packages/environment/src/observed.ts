import type { TableVariant } from "@cocktail/route";
import type { IncarnationRecord, IncarnationRef } from "./incarnation.ts";
import type { RolloutRef, VariantObject } from "./object.ts";
import type { Policy } from "./policy.ts";
import type { Reason } from "./reasons.ts";

/**
 * Failed: permanent failure, it can never become ready (its preparation failed, its path does not exist). CrashLoop: it
 * keeps exiting; the platform retries slowly. NotReady: it was ready and no longer is. Absent: it was never started. Lost:
 * it ran on a host that is gone.
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

/** The status of one incarnation's workload, from the platform. */
export interface ObservedWorkload {
  readonly phase: WorkloadPhase;
  readonly reason?: Reason | undefined;
  readonly message: string;
  readonly destination?: string | undefined;
  readonly revision?: string | undefined;
  /** It runs, and something about it is not as it should be. */
  readonly notice?: { readonly reason: Reason; readonly message: string } | undefined;
  /** It is started outside the platform, for example under a debugger: it has no start deadline. */
  readonly isExternal?: boolean | undefined;
}

/** One incarnation: its record, its workload, and what this engine observed. */
export interface ObservedIncarnation {
  readonly ref: IncarnationRef;
  readonly record: IncarnationRecord;
  readonly workload: ObservedWorkload;
  /** The outcome of its drain; `unknown` until it has ended. */
  readonly drain: "unknown" | "drained" | "budgetOver";
  /** This engine has removed its workload. */
  readonly isRemoved: boolean;
}

/** The observed route of one variant. */
export interface ObservedRoute {
  /** Its entry in the head of the route table. */
  readonly entry: TableVariant | undefined;
  /** It is being deleted with its environment, and stays listed until all of that environment leaves in one epoch. */
  readonly isHeld: boolean;
  /** Epoch in which the entry last changed, or a later one. */
  readonly changedAt: number;
  /** Every reader holds at least this epoch. */
  readonly acked: number;
  /** Number of the incarnation that answered a request through the gateway. */
  readonly probed: number | undefined;
  /** Why the last probe failed; absent after a successful one. */
  readonly probeFailure?: string | undefined;
}

/** The observed state of one variant. */
export interface ObservedVariant {
  readonly service: string;
  readonly key: string;
  /** In any order. */
  readonly incarnations: readonly ObservedIncarnation[];
  /** The highest number that this key ever had, including earlier objects of the name; 0: none. */
  readonly lastIncarnation: number;
  readonly route: ObservedRoute;
  /** The release candidate that stable has replaced according to the table. */
  readonly promoted: RolloutRef | undefined;
  /** Destroying it now would lose uncommitted work. Determined only when it is about to be deleted. */
  readonly wouldLoseWork: boolean;
  /** What it had besides its incarnations was removed, and nothing was started since. */
  readonly isReleased: boolean;
}

/** The input of one plan for a variant. */
export interface Facts {
  readonly desired: VariantObject | undefined;
  readonly observed: ObservedVariant;
  readonly now: number;
  readonly policy: Policy;
}

export const absentWorkload: ObservedWorkload = { phase: "Absent", message: "" };
export const lostWorkload: ObservedWorkload = {
  phase: "Lost",
  message: "the host of the workload is gone",
};

/** True if something of the incarnation is running or starting. */
export function isRunning({ workload: { phase } }: ObservedIncarnation): boolean {
  return phase !== "Absent" && phase !== "Lost" && phase !== "Failed";
}
