import type { LogLine, Source } from "@cocktail/client";
import { type Refusal, type Refused, type SourceDocument, refused } from "@cocktail/environment";
import type {
  Admission,
  AdmitRequest,
  IncarnationRef,
  LogQuery,
  Platform,
  ReleaseOptions,
  ReleaseOutcome,
  WorkloadPhase,
  WorkloadSpec,
  WorkloadStatus,
} from "../platform.ts";

/** How the workloads of a `service:key` behave. */
export interface Behaviour {
  /** What comes of a start. */
  readonly becomes?: WorkloadPhase | undefined;
  /** Turns of the event loop until then; undefined: at once. `Infinity`: never. */
  readonly after?: number | undefined;
}

/** Processes that are only entries of a map: for tests of what stands above a platform. */
export class SimulatedPlatform implements Platform {
  readonly host: string;
  readonly #workloads = new Map<string, WorkloadStatus>();
  readonly #listeners = new Set<(ref: IncarnationRef) => void>();
  readonly behaviours: Map<string, Behaviour> = new Map();
  readonly specs: WorkloadSpec[] = [];
  /** `service:key` with a checkout on disk. */
  readonly checkouts: Set<string> = new Set();
  /** `service:key` whose checkout has uncommitted work. */
  readonly holdingWork: Set<string> = new Set();
  readonly refusals: Map<string, Refusal> = new Map();
  /** `service:key` for which calls overlapped, which a platform need not bear. */
  readonly overlaps: string[] = [];
  /** Called at each removal, before anything is removed. */
  onRemove: ((ref: IncarnationRef) => void) | undefined;
  /** Called with `service:key` before a variant's checkout goes. */
  onRelease: ((name: string) => void) | undefined;
  readonly #busy = new Set<string>();
  #failures = 0;

  constructor(host = "host-1") {
    this.host = host;
  }

  /** The next so many calls that change something reject. */
  failNext(calls: number): void {
    this.#failures = calls;
  }

  async admit(request: AdmitRequest): Promise<Admission> {
    await Promise.resolve();
    const refusal = this.refusals.get(`${request.service}:${request.key}`);
    if (refusal !== undefined) return { kind: "refused", refusal };
    return { kind: "admitted", source: sourceOf(request) };
  }

  pin(source: SourceDocument, revision: string): SourceDocument | Refused {
    if (source["kind"] !== "branch") return source;
    if (revision.endsWith("-dirty")) return refused("UncommittedWork", { verb: "promote" });
    return { ...source, revision };
  }

  describe(source: SourceDocument): { readonly source: Source; readonly path?: string } {
    const { kind, branch, revision, path } = source;
    if (kind === "branch") {
      const at = typeof revision === "string" ? { revision } : {};
      return { source: { kind, branch: String(branch), ...at } };
    }
    if (kind === "directory") return { source: { kind, path: String(path) } };
    return { source: { kind: "service" }, path: "/src" };
  }

  summarize(source: SourceDocument): string {
    return String(source["kind"]);
  }

  async ensureWorkload(spec: WorkloadSpec): Promise<void> {
    return this.#alone(spec, async () => {
      this.specs.push(spec);
      const { service, key, incarnation, source } = spec;
      const ref = { service, key, incarnation };
      if (this.#workloads.has(id(ref))) return;
      if (source["kind"] === "branch") this.checkouts.add(`${service}:${key}`);
      this.#set({ ref, phase: "Starting", message: "starting", restarts: 0 });
      const { becomes = "Ready", after = 0 } = this.behaviours.get(`${service}:${key}`) ?? {};
      if (after !== Infinity) void this.#later(ref, becomes, after);
      await Promise.resolve();
    });
  }

  async #later(ref: IncarnationRef, phase: WorkloadPhase, turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    if (this.#workloads.has(id(ref))) this.become(ref, phase);
  }

  /** The workload changes, as a process does by itself. */
  become(ref: IncarnationRef, phase: WorkloadPhase, message = ""): void {
    const before = this.#workloads.get(id(ref));
    if (before === undefined) return;
    const destination = before.destination ?? `http://127.0.0.1/${id(ref)}`;
    const revision = before.revision ?? `rev-${ref.key}-${ref.incarnation}`;
    this.#set({
      ...before,
      phase,
      message,
      ...(phase === "Ready" ? { destination, revision, pid: 1 } : {}),
    });
  }

  status(ref: IncarnationRef): WorkloadStatus {
    return this.#workloads.get(id(ref)) ?? { ref, phase: "Absent", message: "", restarts: 0 };
  }

  list(): readonly WorkloadStatus[] {
    return [...this.#workloads.values()];
  }

  onChange(listener: (ref: IncarnationRef) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async removeWorkload(ref: IncarnationRef): Promise<"removed" | "absent"> {
    return this.#alone(ref, async () => {
      this.onRemove?.(ref);
      await new Promise(setImmediate);
      const existed = this.#workloads.delete(id(ref));
      this.#notify(ref);
      return existed ? "removed" : "absent";
    });
  }

  async releaseVariant(
    service: string,
    key: string,
    { discard }: ReleaseOptions,
  ): Promise<ReleaseOutcome> {
    return this.#alone({ service, key }, async () => {
      const name = `${service}:${key}`;
      this.onRelease?.(name);
      await new Promise(setImmediate);
      if (this.holdingWork.has(name) && !discard) return "holdsWork";
      return this.checkouts.delete(name) ? "released" : "absent";
    });
  }

  async uncommittedWork(service: string, key: string): Promise<readonly string[]> {
    await Promise.resolve();
    const name = `${service}:${key}`;
    return this.holdingWork.has(name) ? [`/checkouts/${name}`] : [];
  }

  variables({
    service,
  }: Pick<IncarnationRef, "service">): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({ COCKTAIL_SERVICE: service });
  }

  async *logs(_query: LogQuery): AsyncGenerator<LogLine, void, undefined> {}

  async #alone<T>(
    { service, key }: Pick<IncarnationRef, "service" | "key">,
    job: () => Promise<T>,
  ): Promise<T> {
    const name = `${service}:${key}`;
    if (this.#busy.has(name)) this.overlaps.push(name);
    this.#busy.add(name);
    try {
      if (this.#failures > 0) {
        this.#failures--;
        throw new Error("the platform is away");
      }
      return await job();
    } finally {
      this.#busy.delete(name);
    }
  }

  #set(status: WorkloadStatus): void {
    this.#workloads.set(id(status.ref), status);
    this.#notify(status.ref);
  }

  #notify(ref: IncarnationRef): void {
    for (const listener of this.#listeners) listener(ref);
  }
}

function id({ service, key, incarnation }: IncarnationRef): string {
  return `${service}:${key}#${incarnation}`;
}

function sourceOf({ branch, command, env, source, current, keeps }: AdmitRequest): SourceDocument {
  const kept = keeps && current !== undefined ? current : {};
  const own: Source = branch === undefined ? { kind: "service" } : { kind: "branch", branch };
  const where = source ?? (branch === undefined && "kind" in kept ? kept : own);
  return { ...kept, ...where, ...(command && { command }), ...(env && { env }) };
}
