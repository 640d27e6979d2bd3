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
  /** Which deploy of the variant it is; an incarnation of the same one continues it after a restart of the platform. */
  readonly rollout: number;
  readonly source: SourceDocument;
}

export interface WorkloadStatus extends ObservedWorkload {
  readonly ref: IncarnationRef;
  readonly directory?: string | undefined;
  readonly pid?: number | undefined;
  /** Number of restarts after a failure. */
  readonly restarts: number;
}

/** A requested deploy, from which the platform makes a source document. */
export interface AdmitRequest {
  readonly service: string;
  readonly key: string;
  readonly branch?: string | undefined;
  readonly source?: Source | undefined;
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The current source document of the variant, if it exists. */
  readonly current?: SourceDocument | undefined;
  /** Omitted fields are taken from `current`. */
  readonly keeps: boolean;
}

export type Admission =
  | {
      readonly kind: "admitted";
      readonly source: SourceDocument;
      /** For who deploys it, one line each. */
      readonly warnings?: readonly string[] | undefined;
    }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface LogQuery {
  readonly service?: string | undefined;
  readonly key?: string | undefined;
  /** Number of past lines to start with. */
  readonly tail: number;
  readonly follow: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ReleaseOptions {
  /** Uncommitted work may be discarded. */
  readonly discard: boolean;
}

/** `holdsWork`: the checkout was kept, because it has uncommitted work. */
export type ReleaseOutcome = "released" | "absent" | "holdsWork";

/**
 * Runs workloads: the supervisor locally, Kubernetes in a cluster. Only the platform interprets its source documents.
 * Calls for one `service:key` never overlap. Rejections are transient failures: the call is retried.
 */
export interface Platform {
  /** The current host of its workloads. The workload of a record with another host is lost. */
  readonly host: string;
  /** Returns the source document of a deploy, or why it can't run it. Changes nothing. */
  admit(request: AdmitRequest): Promise<Admission>;
  /** Pins the source to one revision, independent of later commits on its branch; refused if that is impossible. */
  pin(source: SourceDocument, revision: string): SourceDocument | Refused;
  /** The source as the API shows it, without possible secrets, and the directory of a service. */
  describe(source: SourceDocument): {
    readonly source: Source;
    readonly path?: string | undefined;
  };
  /** A source document in a few words: `branch feature/mp-101`. */
  summarize(source: SourceDocument): string;
  /** Idempotent for a ref; returns at once, progress comes through `status` and `onChange`. */
  ensureWorkload(spec: WorkloadSpec): Promise<void>;
  /** Phase Absent for unknown workloads. */
  status(ref: IncarnationRef): WorkloadStatus;
  list(): readonly WorkloadStatus[];
  /** Called after a status changed; returns an unsubscribe function. */
  onChange(listener: (ref: IncarnationRef) => void): () => void;
  /** Stops the workload. Keeps what other incarnations of the variant may use. */
  removeWorkload(ref: IncarnationRef): Promise<"removed" | "absent">;
  /**
   * Removes what is left of a variant without workloads: checkouts, listeners and logs, including those of an earlier
   * engine.
   */
  releaseVariant(service: string, key: string, options: ReleaseOptions): Promise<ReleaseOutcome>;
  /** The directories whose uncommitted work would be lost with the variant. */
  uncommittedWork(service: string, key: string): Promise<readonly string[]>;
  /** The variables of a process that is the variant: addresses, identity, settings, and where it listens if that is known. */
  variables(
    variant: Omit<WorkloadSpec, "incarnation" | "rollout">,
    port: number | undefined,
  ): Promise<Readonly<Record<string, string>>>;
  logs(query: LogQuery): AsyncIterable<LogLine>;
}

/** The gateways: all readers that route by a copy of the table. */
export interface Readers {
  /** Resolves when every reader holds at least this epoch; rejects if the signal is aborted. */
  awaitAcked(epoch: number, signal: AbortSignal): Promise<void>;
  /** Waits until no request to the incarnation is in flight, at most `budgetMs`. */
  drained(
    ref: IncarnationRef,
    destination: string,
    budgetMs: number,
  ): Promise<"drained" | "budgetOver">;
  /** Sends a request pinned to the variant through the gateway, and checks that this incarnation answered it. */
  probe(ref: IncarnationRef): Promise<ProbeResult>;
}
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly message: string };
