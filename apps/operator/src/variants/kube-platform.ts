import type {
  Admission,
  AdmitRequest,
  IncarnationRef,
  Platform,
  ReleaseOutcome,
  WorkloadSpec,
  WorkloadStatus,
} from "@cocktail/control-plane";
import {
  absentWorkload,
  formatIncarnation,
  type Refused,
  type SourceDocument,
} from "@cocktail/environment";
import { fullHost, type MeshNames, type MeshService, variantClusters } from "@cocktail/mesh";
import { formatVariant, STABLE } from "@cocktail/route";
import type { XdsWatch } from "@cocktail/xds";
import type { ClusterView } from "./cluster-view.ts";
import { workloadOf } from "./workload.ts";

export interface KubePlatformOptions {
  readonly view: ClusterView;
  readonly xds: XdsWatch;
  readonly names: MeshNames;
  /** What the object of a variant says of its workload. */
  sourceOf(service: string, key: string): SourceDocument | undefined;
  /** Why nothing of a service can be routed. */
  faultOf(service: string): string | undefined;
}

/**
 * Workloads of a cluster: pods that a chart or a pipeline deploys, found by their labels. Nothing is started or stopped here: all is read
 * from the cluster, so that a new leader knows what the last one knew.
 */
export class KubePlatform implements Platform {
  readonly host = "kubernetes";
  readonly #options: KubePlatformOptions;
  /** Incarnations that no longer count, although their pods may still be there. */
  readonly #removed = new Set<string>();
  readonly #listeners = new Set<(ref: IncarnationRef) => void>();
  /** What was asked for, by `service:key`: whoever listens is told of these. */
  readonly #known = new Map<string, Map<string, IncarnationRef>>();
  /** What was last told of an incarnation. */
  readonly #told = new Map<string, string>();
  /** By `service:key`: addresses that istiod has pushed. It has forgotten them after a restart; proxies haven't. */
  readonly #routable = new Map<string, Set<string>>();

  constructor(options: KubePlatformOptions) {
    this.#options = options;
  }

  async admit({ service, key, current }: AdmitRequest): Promise<Admission> {
    if (current !== undefined) return { kind: "admitted", source: current };
    const params = { variant: formatVariant(service, key), source: "a request of the API" };
    return { kind: "refused", refusal: { reason: "SourceUnsupported", params } };
  }

  pin(source: SourceDocument): SourceDocument | Refused {
    return source;
  }

  describe(): ReturnType<Platform["describe"]> {
    return { source: { kind: "service" } };
  }

  summarize({ kind }: SourceDocument): string {
    return kind === "stable" ? "stable's chart" : "pods of its chart";
  }

  async ensureWorkload({ service, key, incarnation }: WorkloadSpec): Promise<void> {
    this.#know({ service, key, incarnation });
  }

  status(ref: IncarnationRef): WorkloadStatus {
    this.#know(ref);
    if (this.#removed.has(formatIncarnation(ref))) return { ref, restarts: 0, ...absentWorkload };
    const { view, sourceOf, faultOf } = this.#options;
    const kind = sourceOf(ref.service, ref.key)?.["kind"];
    if (kind === "fork" || kind === "destination")
      return { ref, restarts: 0, phase: "Failed", reason: "SourceUnsupported", message: notYet };
    const service = view.service(ref.service);
    if (service === undefined) {
      const message = `no VirtualService of ${ref.service} has the delegate line`;
      return { ref, restarts: 0, phase: "Starting", message, isExternal: true };
    }
    const fault = faultOf(ref.service);
    if (fault !== undefined)
      return { ref, restarts: 0, phase: "Starting", message: fault, isExternal: true };
    const found =
      ref.key === STABLE
        ? stableWorkload(view.isStableReady(service))
        : workloadOf(view.podsOf(ref.service, ref.key), (address) =>
            this.#isRoutable(service, ref.key, address),
          );
    // Who deploys it decides when: it has no deadline.
    return { ref, restarts: 0, isExternal: true, destination: this.#urlOf(service), ...found };
  }

  list(): readonly WorkloadStatus[] {
    return [...this.#known.values()].flatMap((refs) =>
      [...refs.values()].map((ref) => this.status(ref)),
    );
  }

  onChange(listener: (ref: IncarnationRef) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Something that the status of a variant, or of all, depends on has changed. */
  changed(variant?: string): void {
    const refs = variant === undefined ? [...this.#known.values()] : [this.#known.get(variant)];
    for (const ref of refs.flatMap((each) => [...(each?.values() ?? [])])) this.#tell(ref);
  }

  /** Each push concerns all variants, and changes few. */
  #tell(ref: IncarnationRef): void {
    const id = formatIncarnation(ref);
    const text = JSON.stringify(this.status(ref));
    if (this.#told.get(id) === text) return;
    this.#told.set(id, text);
    for (const listener of this.#listeners) listener(ref);
  }

  #isRoutable(service: MeshService, key: string, address: string): boolean {
    const name = formatVariant(service.name, key);
    const known = this.#routable.get(name) ?? new Set<string>();
    if (known.has(address)) return true;
    const { xds, names } = this.#options;
    const isPushed = variantClusters(service, key, names).every((cluster) =>
      xds.snapshot.isHealthy(cluster, address),
    );
    if (isPushed) this.#routable.set(name, known.add(address));
    return isPushed;
  }

  async removeWorkload(ref: IncarnationRef): Promise<"removed" | "absent"> {
    this.#removed.add(formatIncarnation(ref));
    return "removed";
  }

  async releaseVariant(service: string, key: string): Promise<ReleaseOutcome> {
    const name = formatVariant(service, key);
    for (const id of this.#known.get(name)?.keys() ?? []) {
      this.#removed.delete(id);
      this.#told.delete(id);
    }
    this.#known.delete(name);
    this.#routable.delete(name);
    return "released";
  }

  async uncommittedWork(): Promise<readonly string[]> {
    return [];
  }

  variables(): Promise<Readonly<Record<string, string>>> {
    return Promise.reject(new Error("variables of a variant in a cluster are those of its chart"));
  }

  // oxlint-disable-next-line require-yield -- logs are read with kubectl
  async *logs(): ReturnType<Platform["logs"]> {
    throw new Error("logs of a variant in a cluster: kubectl logs -l cocktail.dev/variant=KEY");
  }

  #know(ref: IncarnationRef): void {
    const name = formatVariant(ref.service, ref.key);
    const refs = this.#known.get(name) ?? new Map<string, IncarnationRef>();
    this.#known.set(name, refs.set(formatIncarnation(ref), ref));
  }

  /** The mesh chooses by the headers: every variant has the address of its service. */
  #urlOf({ name, namespace, ports: [port] }: MeshService): string {
    return `http://${fullHost(name, namespace, this.#options.names)}:${port?.number ?? 80}`;
  }
}

const notYet =
  "fork and destination are not supported yet: deploy pods with the labels cocktail.dev/service and cocktail.dev/variant";

function stableWorkload(isReady: boolean): Pick<WorkloadStatus, "phase" | "message"> {
  return isReady
    ? { phase: "Ready", message: "" }
    : { phase: "Starting", message: "its Service has no endpoint that is ready" };
}
