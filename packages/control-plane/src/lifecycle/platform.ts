import type { LogLine } from "@cocktail/client";
import type { Refusal, Source, WorkloadPhase } from "@cocktail/environment";

export type { Refusal, WorkloadPhase } from "@cocktail/environment";

/** One incarnation's workload, the way the ports name it. */
export interface WorkloadRef {
  readonly service: string;
  readonly key: string;
  readonly incarnation: number;
}

export interface WorkloadSpec extends WorkloadRef {
  readonly source: Source;
  /** Absent: the service's own command. */
  readonly command?: readonly string[] | undefined;
  /** On top of the service's own. */
  readonly env: Readonly<Record<string, string>>;
}

export interface WorkloadStatus {
  readonly ref: WorkloadRef;
  readonly phase: WorkloadPhase;
  /** UpperCamel, one of `reasons` where one fits: `PrepareFailed`, `PathMissing`. */
  readonly reason?: string | undefined;
  readonly message: string;
  /** Set once it was Ready; stays the same for the life of the incarnation. */
  readonly destination?: string | undefined;
  /** Set once it was Ready. */
  readonly revision?: string | undefined;
  readonly directory?: string | undefined;
  readonly pid?: number | undefined;
  /** Starts after a failure. */
  readonly restarts: number;
}

export interface CheckRequest {
  readonly service: string;
  readonly key: string;
  readonly source: Source;
  readonly command?: readonly string[] | undefined;
}

export interface LogQuery {
  readonly service?: string | undefined;
  readonly key?: string | undefined;
  /** Lines of the past to begin with. */
  readonly tail: number;
  readonly follow: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ReleaseOptions {
  /** Uncommitted work in a checkout may be lost. */
  readonly discard: boolean;
}

/** `uncommittedWork`: a checkout was left where it is. */
export type ReleaseOutcome = "released" | "absent" | "uncommittedWork";

/**
 * What runs workloads: the supervisor locally, a cluster later. Calls for one `service:key` never overlap. A rejected
 * promise is a passing fault: the call is made again.
 */
export interface Platform {
  /** Undefined where the platform could run this. Changes nothing. */
  check(request: CheckRequest): Promise<Refusal | undefined>;
  /** Idempotent for a ref; returns at once, progress comes through `status` and `onChange`. */
  ensureWorkload(spec: WorkloadSpec): Promise<void>;
  /** Phase Absent for what it does not know. */
  status(ref: WorkloadRef): WorkloadStatus;
  list(): readonly WorkloadStatus[];
  /** Called after a status changed; returns the way to stop. */
  onChange(listener: (ref: WorkloadRef) => void): () => void;
  /** Stops the process group. What other incarnations of the variant may use stays. */
  removeWorkload(ref: WorkloadRef): Promise<"removed" | "absent">;
  /**
   * The whole variant goes, when none of its workloads is left: checkouts, listeners, logs, also where an earlier run left
   * them and this one never started a workload.
   */
  releaseVariant(service: string, key: string, options: ReleaseOptions): Promise<ReleaseOutcome>;
  /** True when destroying the variant would lose work that is nowhere else. */
  uncommittedWork(service: string, key: string): Promise<boolean>;
  logs(query: LogQuery): AsyncIterable<LogLine>;
}

/** Everything that holds a copy of the route table and serves by it. */
export interface Readers {
  /** Settles when every reader holds a table of at least this epoch; rejects when the signal aborts. */
  awaitAcked(epoch: number, signal: AbortSignal): Promise<void>;
  /** Waits until no request is in flight to the incarnation, at most so long. */
  drained(
    ref: WorkloadRef,
    destination: string,
    budgetMs: number,
  ): Promise<"drained" | "budgetOver">;
  /** A request through the gateway, pinned to the variant: was it answered by this incarnation? */
  probe(ref: WorkloadRef): Promise<ProbeResult>;
}
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly message: string };
