import type { LogLine, Source } from "@cocktail/client";
import type {
  IncarnationRef,
  ObservedWorkload,
  Refusal,
  Refused,
  SourceDocument,
} from "@cocktail/environment";

export type { IncarnationRef, Refusal, WorkloadPhase } from "@cocktail/environment";

export interface WorkloadSpec extends IncarnationRef {
  readonly source: SourceDocument;
}

export interface WorkloadStatus extends ObservedWorkload {
  readonly ref: IncarnationRef;
  readonly directory?: string | undefined;
  readonly pid?: number | undefined;
  /** Starts after a failure. */
  readonly restarts: number;
}

/** A deploy as it was asked for: the platform makes a source document of it. */
export interface AdmitRequest {
  readonly service: string;
  readonly key: string;
  readonly branch?: string | undefined;
  readonly source?: Source | undefined;
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What the variant is now, if it lives. */
  readonly current?: SourceDocument | undefined;
  /** What is left out stays as it is in `current`. */
  readonly keeps: boolean;
}

export type Admission =
  | { readonly kind: "admitted"; readonly source: SourceDocument }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface LogQuery {
  readonly service?: string | undefined;
  readonly key?: string | undefined;
  /** Lines of the past to begin with. */
  readonly tail: number;
  readonly follow: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ReleaseOptions {
  /** Work that is nowhere else may be lost. */
  readonly discard: boolean;
}

/** `holdsWork`: a checkout was left where it is. */
export type ReleaseOutcome = "released" | "absent" | "holdsWork";

/**
 * What runs workloads: the supervisor locally, Kubernetes in a cluster. It owns its source documents: nothing else looks
 * into them. Calls for one `service:key` never overlap. A rejected promise is a passing failure: the call is repeated.
 */
export interface Platform {
  /** What holds its workloads now. The workload of a record with another host is lost. */
  readonly host: string;
  /** Whether it could run this, and the document that says what. Changes nothing. */
  admit(request: AdmitRequest): Promise<Admission>;
  /** The source at one revision, whatever happens to its branch afterwards; refused where that can't be. */
  pin(source: SourceDocument, revision: string): SourceDocument | Refused;
  /** A source document as the API shows it, without what may be secret, and the directory of a service. */
  describe(source: SourceDocument): {
    readonly source: Source;
    readonly path?: string | undefined;
  };
  /** A source document in a few words: `branch feature/mp-101`. */
  summarize(source: SourceDocument): string;
  /** Idempotent for a ref; returns at once, progress comes through `status` and `onChange`. */
  ensureWorkload(spec: WorkloadSpec): Promise<void>;
  /** Phase Absent for what it does not know. */
  status(ref: IncarnationRef): WorkloadStatus;
  list(): readonly WorkloadStatus[];
  /** Called after a status changed; returns an unsubscribe function. */
  onChange(listener: (ref: IncarnationRef) => void): () => void;
  /** Stops everything of the workload. What other incarnations of the variant may use stays. */
  removeWorkload(ref: IncarnationRef): Promise<"removed" | "absent">;
  /**
   * Takes away the rest of a variant when none of its workloads is left: checkouts, listeners, logs, also where an earlier
   * engine left them and this one never started a workload.
   */
  releaseVariant(service: string, key: string, options: ReleaseOptions): Promise<ReleaseOutcome>;
  /** True when destroying the variant would lose work that is nowhere else. */
  wouldLoseWork(service: string, key: string): Promise<boolean>;
  logs(query: LogQuery): AsyncIterable<LogLine>;
}

/** Everything that holds a copy of the route table and serves by it. */
export interface Readers {
  /** Settles when every reader holds a table of at least this epoch; rejects when the signal aborts. */
  awaitAcked(epoch: number, signal: AbortSignal): Promise<void>;
  /** Waits until no request is in flight to the incarnation, at most so long. */
  drained(
    ref: IncarnationRef,
    destination: string,
    budgetMs: number,
  ): Promise<"drained" | "budgetOver">;
  /** A request through the gateway, pinned to the variant: was it answered by this incarnation? */
  probe(ref: IncarnationRef): Promise<ProbeResult>;
}
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly message: string };
