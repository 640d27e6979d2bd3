import type { LogLine } from "@cocktail/client";
import type { RouteTable } from "@cocktail/route";
import { own } from "@cocktail/route";
import type {
  Platform,
  ProbeResult,
  Readers,
  RemoveOptions,
  RemoveOutcome,
  WorkloadPhase,
  WorkloadRef,
  WorkloadSpec,
  WorkloadStatus,
} from "../lifecycle/platform.ts";

const idOf = ({ service, key, incarnation }: WorkloadRef): string =>
  `${service}:${key}#${incarnation}`;

/** Processes that are entries of a map: a double of what runs, not of what is stored. */
export class SimulatedPlatform implements Platform {
  readonly workloads: Map<string, WorkloadStatus> = new Map();
  readonly specs: Map<string, WorkloadSpec> = new Map();
  /** `service:key` of those whose checkout holds work. */
  readonly uncommitted: Set<string> = new Set();
  readonly events: string[] = [];
  readonly #listeners = new Set<(ref: WorkloadRef) => void>();
  /** Phase a workload gets a moment after it was started. */
  fate: (spec: WorkloadSpec) => WorkloadPhase = () => "Ready";

  check(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  ensureWorkload(spec: WorkloadSpec): Promise<void> {
    const id = idOf(spec);
    if (this.workloads.has(id)) return Promise.resolve();
    this.events.push(`start ${id}`);
    this.specs.set(id, spec);
    this.set(spec, "Starting");
    setImmediate(() => {
      if (this.workloads.has(id)) this.set(spec, this.fate(spec));
    });
    return Promise.resolve();
  }

  /** As if the process had changed. */
  set({ service, key, incarnation }: WorkloadRef, phase: WorkloadPhase): void {
    const ref = { service, key, incarnation };
    const before = this.workloads.get(idOf(ref));
    const isUp = phase === "Ready" || before?.destination !== undefined;
    this.workloads.set(idOf(ref), {
      ref,
      phase,
      message: phase === "Failed" ? "it ended with 1" : "",
      restarts: 0,
      ...(isUp ? { destination: `http://${idOf(ref)}`, revision: `r${incarnation}` } : {}),
    });
    for (const listener of this.#listeners) listener(ref);
  }

  status(ref: WorkloadRef): WorkloadStatus {
    return this.workloads.get(idOf(ref)) ?? { ref, phase: "Absent", message: "", restarts: 0 };
  }

  list(): readonly WorkloadStatus[] {
    return [...this.workloads.values()];
  }

  onChange(listener: (ref: WorkloadRef) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  removeWorkload(ref: WorkloadRef, { discard, last }: RemoveOptions): Promise<RemoveOutcome> {
    const id = idOf(ref);
    this.events.push(`stop ${id}${last ? " last" : ""}`);
    const had = this.workloads.delete(id);
    const holdsWork = this.uncommitted.has(`${ref.service}:${ref.key}`);
    if (last && holdsWork && !discard) return Promise.resolve("uncommittedWork");
    return Promise.resolve(had ? "removed" : "absent");
  }

  uncommittedWork(service: string, key: string): Promise<boolean> {
    return Promise.resolve(this.uncommitted.has(`${service}:${key}`));
  }

  async *logs(): AsyncIterable<LogLine> {}
}

/** A gateway that holds every table at once, and sends each request where the table says. */
export class SimulatedReaders implements Readers {
  readonly #table: () => RouteTable;
  readonly #platform: SimulatedPlatform;

  constructor(platform: SimulatedPlatform, table: () => RouteTable) {
    this.#platform = platform;
    this.#table = table;
  }

  awaitAcked(epoch: number): Promise<void> {
    return this.#table().epoch >= epoch
      ? Promise.resolve()
      : Promise.reject(new Error(`the gateway holds ${this.#table().epoch}, not ${epoch}`));
  }

  drained(ref: WorkloadRef): Promise<"drained"> {
    this.#platform.events.push(`drain ${idOf(ref)}`);
    return Promise.resolve("drained");
  }

  probe(ref: WorkloadRef): Promise<ProbeResult> {
    const entry = own(own(this.#table().services, ref.service) ?? {}, ref.key);
    const isUp = this.#platform.status(ref).phase === "Ready";
    return Promise.resolve(
      entry?.incarnation === ref.incarnation && isUp
        ? { ok: true }
        : { ok: false, message: `${idOf(ref)} did not answer` },
    );
  }
}
