import { formatVariant, STABLE } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import type { TableRoute } from "./delegate.ts";
import { fullHost, type MeshNames } from "./names.ts";
import type { MeshService } from "./objects.ts";
import { branchKeys, umbrellaHost } from "./umbrella.ts";

/** How the answer's header is made: what goes to every route of the table, and what marks its clusters. */
export interface Served {
  /** Envoy's format. Empty, so that there is no header, where a cluster has no mark or doesn't exist. */
  readonly format: string;
  readonly patches: readonly object[];
}

const mark = "%METADATA(CLUSTER:cocktail:served)%";
/** istiod writes a cluster's subset into its metadata. */
const subset = "%METADATA(CLUSTER:istio:subset)%";

/**
 * A mark and the subset, which is the key, name a branch: two patches a service. Where stable's clusters have subsets of their own, each key
 * needs its mark: istiod compares each patch with each cluster of a proxy, so that they cost with the square of the number of variants.
 */
export function renderServed(
  service: MeshService,
  decisions: ServiceDecisions,
  routes: readonly TableRoute[],
  names: MeshNames,
): Served {
  const own = { service: fullHost(service.name, service.namespace, names) };
  const umbrella = { service: umbrellaHost(service, names) };
  const stable = markPatch(own, formatVariant(service.name, STABLE));
  const isDivided = routes.some(({ destinations = [] }) =>
    destinations.some(({ destination }) => destination.subset !== undefined),
  );
  if (!isDivided)
    return {
      format: `${mark}${subset}`,
      patches: [stable, markPatch(umbrella, `${service.name}:`)],
    };
  const branches = branchKeys(decisions).map((key) =>
    markPatch({ ...umbrella, subset: key }, formatVariant(service.name, key)),
  );
  return { format: mark, patches: [stable, ...branches] };
}

function markPatch(cluster: object, served: string): object {
  return {
    applyTo: "CLUSTER",
    match: { context: "SIDECAR_OUTBOUND", cluster },
    patch: {
      operation: "MERGE",
      value: { metadata: { filter_metadata: { cocktail: { served } } } },
    },
  };
}
