import type { Fields } from "../fields.ts";
import type { MeshNames } from "../istio/names.ts";
import type { MergeFault } from "./fault.ts";
import type { RouteKind } from "./route-kind.ts";

/** A VirtualService as the API gives it. Fields that nobody here knows survive. */
export interface RawVirtualService {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly spec: Fields;
}

/** The object that a patch comes from. */
export interface PatchOwner {
  readonly namespace: string;
  readonly name: string;
  /** API group, where objects of one name may be in several. */
  readonly group?: string | undefined;
  readonly uid: string;
  readonly generation: number;
  /** RFC 3339, as in `metadata.creationTimestamp`. */
  readonly createdAt: string;
  /** Higher goes first; 0 by default. */
  readonly priority?: number | undefined;
  /** The operator of monimesl has merged it: what that one left of it in the target is taken over. */
  readonly isLegacy?: boolean | undefined;
}

export interface Patch {
  readonly owner: PatchOwner;
  /** `http`, `tcp` and `tls` of a VirtualService. Anything at all: people write it. */
  readonly patch: unknown;
}

export interface ServiceFacts {
  /** Undefined where they are not known, and so not checked. */
  readonly subsets: readonly string[] | undefined;
  /** False: no endpoint is ready. A route that isn't merged yet waits for one; a merged one stays, whatever happens to its endpoints. */
  readonly isReady?: boolean | undefined;
}

/** What is known of the cluster. Whatever is left out is not checked. */
export interface MergeFacts {
  /** Services by their full host, with the subsets of their DestinationRules. */
  readonly services?: Readonly<Record<string, ServiceFacts>>;
  /** `managedRoutes` of an Argo Rollout that uses the target. They stay on top. */
  readonly managedRoutes?: readonly string[];
}

export interface MergeOptions {
  readonly facts?: MergeFacts;
  readonly names?: MeshNames;
  /** `compatibility`: names as the operator of monimesl gave them, and their trailing integer as the priority. */
  readonly naming?: "unique" | "compatibility";
  /** False: patterns that match more than the variant they name stay as they are. */
  readonly tighten?: boolean;
}

/** A route of a patch, where it is now. */
export interface EffectiveRoute {
  readonly kind: RouteKind;
  /** Undefined for tcp and tls. */
  readonly name: string | undefined;
  readonly index: number;
}

export interface MergeResult {
  /** To be written with the target's `resourceVersion`. The target itself where nothing changes. */
  readonly virtualService: RawVirtualService;
  /** In the order of precedence. */
  readonly effective: readonly {
    readonly owner: PatchOwner;
    readonly routes: readonly EffectiveRoute[];
  }[];
  readonly faults: readonly MergeFault[];
}
