import {
  type Api,
  type ControllerOptions,
  type Informer,
  type InformerOptions,
  keyOf,
  type KubeObject,
  type Logger,
  refOf,
  type Resource,
} from "@cocktail/kubernetes";
import {
  fieldsOf,
  isMergeTarget,
  listOf,
  type MergeFacts,
  type MeshNames,
  recordedOwners,
  type ServiceFacts,
} from "@cocktail/mesh";
import { hasReadyEndpoint, serviceOfSlice } from "../endpoint-slices.ts";
import { hostOf, hostOfRule, hostsOf, managedBy, serviceOf } from "./hosts.ts";
import {
  deployments,
  destinationRules,
  endpointSlices,
  leases,
  rollouts,
  services,
  virtualServices,
} from "../kinds.ts";
import { oldLease, oldOperators } from "./old-operator.ts";
import { rawOf } from "./plan.ts";
import { targetOf } from "./virtual-service-merge.ts";
import { Watched } from "../watched.ts";

export interface CachesOptions {
  readonly api: Api;
  readonly log: Logger;
  readonly names: MeshNames;
  /** All, if there are none. */
  readonly namespaces: readonly string[];
  /** The kinds of `VirtualServiceMerge` that the API serves. */
  readonly mergeKinds: readonly Resource[];
  readonly hasRollouts: boolean;
}

/** Everything that merging depends on, kept by watches, and which targets a change concerns. */
export class Caches {
  readonly informers: Informer[] = [];
  readonly #names: MeshNames;
  readonly #namespaces: readonly string[];
  readonly #merges: Watched;
  readonly #targets: Watched;
  readonly #rules: Watched;
  readonly #services: Watched;
  readonly #slices: Watched;
  readonly #rollouts: Watched;
  readonly #deployments: Watched;
  readonly #leases: Watched;

  constructor({ api, log, names, namespaces, mergeKinds, hasRollouts }: CachesOptions) {
    const watch = (
      kinds: readonly Resource[],
      more: Pick<InformerOptions, "indexers" | "fieldSelector"> = {},
    ): Watched => {
      const watched = new Watched(kinds, namespaces, { api, log, ...more });
      this.informers.push(...watched.informers);
      return watched;
    };
    this.#names = names;
    this.#namespaces = namespaces;
    this.#merges = watch(mergeKinds, {
      indexers: {
        target: (object) => [targetOf(object)],
        host: (object) => hostsOf(object, names),
        uid: ({ metadata }) => [metadata.uid ?? ""],
      },
    });
    this.#targets = watch([virtualServices], {
      indexers: { owner: (object) => recordedOwners(rawOf(object)) },
    });
    this.#rules = watch([destinationRules], {
      indexers: { host: (object) => [hostOfRule(object, names)] },
    });
    this.#services = watch([services]);
    this.#slices = watch([endpointSlices], {
      indexers: { service: (object) => [serviceOfSlice(object)] },
    });
    this.#rollouts = watch(hasRollouts ? [rollouts] : [], {
      indexers: { target: (object) => managedBy(object).targets },
    });
    this.#deployments = watch([deployments]);
    this.#leases = watch([leases], { fieldSelector: `metadata.name=${oldLease}` });
  }

  /** Whose changes concern which targets. */
  get watches(): ControllerOptions["watches"] {
    const names = this.#names;
    const every = (): readonly string[] => this.#merges.all().map(targetOf);
    const concerns = (
      { informers }: Watched,
      keys: (object: KubeObject) => readonly string[],
    ): ControllerOptions["watches"] => informers.map((informer) => ({ informer, keys }));
    return [
      ...concerns(this.#merges, (object) => [targetOf(object), ...this.#holdersOf(object)]),
      ...concerns(this.#targets, (object) => this.#keysOfTarget(object)),
      ...concerns(this.#rules, (object) => this.#routedTo(hostOfRule(object, names))),
      ...concerns(this.#services, ({ metadata }) => this.#routedTo(hostOf(metadata, names))),
      ...concerns(this.#slices, (object) =>
        this.#routedTo(hostOf(refOf(serviceOfSlice(object)), names)),
      ),
      ...concerns(this.#rollouts, (object) => managedBy(object).targets),
      ...concerns(this.#deployments, every),
      ...concerns(this.#leases, every),
    ];
  }

  /** Whether the operator works in the namespace of a target. */
  isWatched(key: string): boolean {
    return this.#sees(refOf(key).namespace);
  }

  #sees(namespace = ""): boolean {
    return this.#namespaces.length === 0 || this.#namespaces.includes(namespace);
  }

  target(key: string): KubeObject | undefined {
    return this.#targets.get(refOf(key));
  }

  mergesOf(key: string): readonly KubeObject[] {
    return this.#merges.by("target", key);
  }

  /** Whether another VirtualService has routes of this object. */
  isElsewhere(uid: string, key: string): boolean {
    return this.#targets.by("owner", uid).some(({ metadata }) => keyOf(metadata) !== key);
  }

  rivals(now: number): readonly string[] {
    return oldOperators(this.#deployments.all(), this.#leases.all(), now);
  }

  /** What the merges of a target route to, and what Argo Rollouts keeps in it. */
  facts(key: string, merges: readonly KubeObject[]): MergeFacts {
    const hosts = new Set(merges.flatMap((object) => hostsOf(object, this.#names)));
    const known = [...hosts].flatMap((host) => {
      const service = this.#serviceFacts(host);
      return service === undefined ? [] : [[host, service] as const];
    });
    const managed = this.#rollouts.by("target", key);
    return {
      services: Object.fromEntries(known),
      managedRoutes: managed.flatMap((rollout) => managedBy(rollout).routes),
    };
  }

  #serviceFacts(host: string): ServiceFacts | undefined {
    const ref = serviceOf(host, this.#names);
    if (ref === undefined) return undefined;
    if (!this.#sees(ref.namespace)) return { subsets: undefined };
    const service = this.#services.get(ref);
    if (service === undefined) return undefined;
    const rules = this.#rules.by("host", host);
    const isExternal = fieldsOf(service["spec"])["type"] === "ExternalName";
    const slices = this.#slices.by("service", keyOf(ref));
    return {
      subsets: rules.flatMap(({ spec }) => subsetsOf(fieldsOf(spec)["subsets"])),
      isReady: isExternal || slices.some(hasReadyEndpoint),
    };
  }

  #routedTo(host: string): readonly string[] {
    return this.#merges.by("host", host).map(targetOf);
  }

  /** The VirtualServices that have routes of a merge, also from before it had another target. */
  #holdersOf({ metadata: { uid = "" } }: KubeObject): readonly string[] {
    return this.#targets.by("owner", uid).map(({ metadata }) => keyOf(metadata));
  }

  /** A VirtualService itself, if anything is or was merged into it, and the targets of those that wait until it lets them go. */
  #keysOfTarget(object: KubeObject): readonly string[] {
    const key = keyOf(object.metadata);
    const raw = rawOf(object);
    const waiting = recordedOwners(raw).flatMap((uid) => this.#merges.by("uid", uid).map(targetOf));
    const isConcerned = isMergeTarget(raw) || this.mergesOf(key).length > 0;
    return [...new Set([...(isConcerned ? [key] : []), ...waiting])];
  }
}

function subsetsOf(subsets: unknown): readonly string[] {
  return listOf(subsets)
    .map(({ name }) => name)
    .filter((name) => typeof name === "string");
}
