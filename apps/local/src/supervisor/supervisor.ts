import type { LogLine } from "@cocktail/client";
import type { Refused, SourceDocument } from "@cocktail/environment";
import type { ServiceConfig } from "../config/config.ts";
import { KeyedQueue } from "../keyed-queue.ts";
import type { EndOptions } from "../processes/process-group.ts";
import { readEnvFiles } from "../sources/env-files.ts";
import { describeSource, readSource, summarizeSource } from "../sources/document.ts";
import { admitWorkload, pinSource } from "./admission.ts";
import { externalEnvironment, type MeshAddress } from "./child-environment.ts";
import type {
  Admission,
  AdmitRequest,
  IncarnationRef,
  LogQuery,
  Platform,
  ReleaseOptions,
  ReleaseOutcome,
  WorkloadSpec,
  WorkloadStatus,
} from "./platform.ts";
import { nameOf, planWorkload } from "./workload-plan.ts";
import { Workload, type WorkloadContext } from "./workload.ts";

/** Where the processes of a variant reach the other services. */
export interface Mesh {
  /** Opened at the first call, and shared by all incarnations of the variant. */
  addresses(service: string, key: string): Promise<readonly MeshAddress[]>;
  /** Closes the listeners of a variant that was removed. */
  release(service: string, key: string): Promise<void>;
}

export interface SupervisorOptions extends WorkloadContext {
  readonly services: readonly ServiceConfig[];
  readonly mesh: Mesh;
  /** Between SIGTERM and SIGKILL. Default 10 s. */
  readonly graceMs?: number | undefined;
  /** Ends that grace period at once, also for workloads that are already stopping. */
  readonly forceSignal?: AbortSignal | undefined;
}

/** The platform of one machine: a process group for each incarnation. */
export class Supervisor implements Platform {
  readonly #options: SupervisorOptions;
  #services: ReadonlyMap<string, ServiceConfig>;
  readonly #workloads = new Map<string, Workload>();
  readonly #listeners = new Set<(ref: IncarnationRef) => void>();
  readonly #queue = new KeyedQueue();
  readonly #ending: EndOptions;
  #stopped = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#services = new Map(options.services.map((service) => [service.name, service]));
    this.#ending = { graceMs: options.graceMs ?? 10_000, forceSignal: options.forceSignal };
  }

  /** Of the file, as it is now: what is started from here on. */
  setServices(services: readonly ServiceConfig[]): void {
    this.#services = new Map(services.map((service) => [service.name, service]));
  }

  /** The run id: no process outlives the run that started it. */
  get host(): string {
    return this.#options.runId;
  }

  async admit(request: AdmitRequest): Promise<Admission> {
    const { service, key } = request;
    return await admitWorkload(request, this.#services.get(service), () =>
      this.uncommittedWork(service, key),
    );
  }

  pin(source: SourceDocument, revision: string): SourceDocument | Refused {
    return pinSource(readSource(source), revision);
  }

  describe(source: SourceDocument): ReturnType<Platform["describe"]> {
    return describeSource(source);
  }

  summarize(source: SourceDocument): string {
    return summarizeSource(source);
  }

  async ensureWorkload(spec: WorkloadSpec): Promise<void> {
    await this.#queue.run(variantOf(spec), async () => {
      const name = nameOf(spec);
      if (this.#stopped || this.#workloads.has(name)) return;
      const mesh = await this.#options.mesh.addresses(spec.service, spec.key);
      // Stopped while the listeners were opened: nothing may start any more.
      if (this.#stopped) return;
      const plan = planWorkload(spec, this.#services.get(spec.service));
      const workload = new Workload(plan, mesh, this.#options, () => this.#changed(plan.ref));
      this.#workloads.set(name, workload);
      workload.start();
    });
  }

  status(ref: IncarnationRef): WorkloadStatus {
    const { incarnation, key, service } = ref;
    const absent: WorkloadStatus = {
      ref: { service, key, incarnation },
      phase: "Absent",
      message: "is not running here",
      restarts: 0,
    };
    return this.#workloads.get(nameOf(ref))?.status() ?? absent;
  }

  list(): readonly WorkloadStatus[] {
    return Array.from(this.#workloads.values(), (workload) => workload.status());
  }

  onChange(listener: (ref: IncarnationRef) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async removeWorkload(ref: IncarnationRef): Promise<"removed" | "absent"> {
    return await this.#queue.run(variantOf(ref), async () => {
      const ran = await this.#stopWorkload(ref);
      await this.#options.worktrees.release(nameOf(ref), ref.service, ref.key);
      return ran ? "removed" : "absent";
    });
  }

  async releaseVariant(
    service: string,
    key: string,
    { discard }: ReleaseOptions,
  ): Promise<ReleaseOutcome> {
    const { logs, mesh, worktrees } = this.#options;
    return await this.#queue.run(variantOf({ service, key }), async () => {
      await mesh.release(service, key);
      const checkouts = worktrees.paths(service, key).length > 0;
      if (checkouts && !discard && (await worktrees.uncommittedWork(service, key)).length > 0)
        return "holdsWork";
      await worktrees.removeAll(service, key);
      await logs.forget(service, key);
      return checkouts ? "released" : "absent";
    });
  }

  async uncommittedWork(service: string, key: string): Promise<readonly string[]> {
    return await this.#options.worktrees.uncommittedWork(service, key);
  }

  async variables(
    variant: Omit<WorkloadSpec, "incarnation" | "rollout">,
    port: number | undefined,
  ): Promise<Readonly<Record<string, string>>> {
    const { key, service } = variant;
    const config = this.#services.get(service);
    const plan = planWorkload({ ...variant, incarnation: 0, rollout: 0 }, config);
    const running = this.list().find(({ ref }) => ref.service === service && ref.key === key);
    const places = [running?.directory, plan.servicePath].filter((place) => place !== undefined);
    const own = [...(await readEnvFiles(plan.envFiles, places)), ...plan.env];
    const mesh = await this.#options.mesh.addresses(service, key);
    return externalEnvironment({ ref: plan.ref, env: own }, mesh, port);
  }

  logs(query: LogQuery): AsyncIterable<LogLine> {
    return this.#options.logs.read(query);
  }

  /** Ends every process; worktrees and logs stay for the next start. */
  async stopAll(): Promise<void> {
    this.#stopped = true;
    const workloads = [...this.#workloads.values()];
    await Promise.all(workloads.map((workload) => workload.stop(this.#ending)));
  }

  async #stopWorkload(ref: IncarnationRef): Promise<boolean> {
    const workload = this.#workloads.get(nameOf(ref));
    if (workload === undefined) return false;
    await workload.stop(this.#ending);
    this.#workloads.delete(nameOf(ref));
    this.#changed(ref);
    return true;
  }

  #changed({ incarnation, key, service }: IncarnationRef): void {
    for (const listener of this.#listeners) listener({ service, key, incarnation });
  }
}

function variantOf({ key, service }: Omit<IncarnationRef, "incarnation">): string {
  return `${service}:${key}`;
}
