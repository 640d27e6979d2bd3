import {
  type DiscoveryResponse,
  healthyAddresses,
  kindOf,
  nameOf,
  type ResourceKind,
} from "./messages.ts";

/** Responses of these kinds have all resources; those of the other kinds may have only what changed. */
const wholeKinds: readonly ResourceKind[] = ["clusters", "listeners"];

/** What one stream has brought so far: the resources that a sidecar would have. */
export class Snapshot {
  readonly #resources: Readonly<Record<ResourceKind, Map<string, Buffer>>> = {
    clusters: new Map(),
    endpoints: new Map(),
    listeners: new Map(),
    routes: new Map(),
  };

  apply({ typeUrl, resources }: DiscoveryResponse): void {
    const kind = kindOf(typeUrl);
    if (kind === undefined) return;
    const known = this.#resources[kind];
    if (wholeKinds.includes(kind)) known.clear();
    for (const { value } of resources) known.set(nameOf(value), Buffer.from(value));
  }

  /** The names of a kind's resources. */
  names(kind: ResourceKind): readonly string[] {
    return [...this.#resources[kind].keys()];
  }

  /**
   * Whether a resource of this kind, or the one of this name, contains a text, byte for byte: a marker, a name. Nothing is decoded, so that no
   * version of Envoy's API matters. That an address is there says nothing of its health: `isHealthy`.
   */
  contains(kind: ResourceKind, text: string, name?: string): boolean {
    const known = this.#resources[kind];
    const searched = name === undefined ? [...known.values()] : [known.get(name)];
    return searched.some((resource) => resource?.includes(text) === true);
  }

  /** Whether proxies send requests for a cluster to this address: it was pushed, and as healthy. */
  isHealthy(cluster: string, address: string): boolean {
    const resource = this.#resources.endpoints.get(cluster);
    return resource !== undefined && healthyAddresses(resource).has(address);
  }
}
