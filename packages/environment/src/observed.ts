import type { TableVariant } from "@cocktail/route";
import type { IncarnationRecord } from "./incarnation.ts";

/**
 * Failed: it can never become ready (its preparation failed, its path does not exist). CrashLoop: it keeps ending; the
 * platform goes on trying, slowly. NotReady: it was ready and is not. Absent: the platform does not know it.
 */
export const workloadPhases = [
  "Absent",
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
  readonly reason?: string | undefined;
  readonly message: string;
  readonly destination?: string | undefined;
  readonly revision?: string | undefined;
}

/** One incarnation: its record, its workload, and what was found out in this run. */
export interface ObservedIncarnation {
  readonly record: IncarnationRecord;
  readonly workload: ObservedWorkload;
  /** How its drain ended; `unknown` also while it goes on. */
  readonly drain: "unknown" | "drained" | "budgetOver";
  /** Its workload was taken away in this run. */
  readonly isRemoved: boolean;
}

/** What is known about the route of one variant. */
export interface ObservedRoute {
  /** Its entry in the head of the route table. */
  readonly entry: TableVariant | undefined;
  /** Epoch in which the entry last changed, or one not below it. */
  readonly changedAt: number;
  /** Every reader holds a table of at least this epoch. */
  readonly acked: number;
  /** Number of the incarnation that answered a request through the gateway. */
  readonly probed: number | undefined;
  /** Why the last probe was not answered; gone with the next that is. */
  readonly probeFailure?: string | undefined;
}

/** Everything `planVariant` looks at, beside what is wanted. */
export interface ObservedVariant {
  readonly service: string;
  readonly key: string;
  /** In any order. */
  readonly incarnations: readonly ObservedIncarnation[];
  /** The highest number this key ever had; 0: none. */
  readonly lastIncarnation: number;
  readonly route: ObservedRoute;
  /** A release candidate's generation that stable has taken over, as the table shows. */
  readonly promoted: number | undefined;
  /** Destroying it now would lose work. Only asked when it matters. */
  readonly uncommittedWork: boolean;
  /** What it had beside its incarnations was taken away in this run, and nothing was started since. */
  readonly isReleased: boolean;
  /** This run of the platform. */
  readonly run: string;
}

export const absentWorkload: ObservedWorkload = { phase: "Absent", message: "" };

/** True where something of the incarnation runs, or is on its way to. */
export function isRunning(incarnation: ObservedIncarnation): boolean {
  return incarnation.workload.phase !== "Absent" && incarnation.workload.phase !== "Failed";
}
