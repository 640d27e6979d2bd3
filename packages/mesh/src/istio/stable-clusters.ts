import { clusterName, fullHost, type MeshNames } from "./names.ts";
import type { MeshService, RouteDestination } from "./objects.ts";
import { UnsupportedService } from "./unsupported.ts";

export interface WeightedCluster {
  readonly cluster: string;
  readonly weight: number;
}

/** The Envoy clusters of one of the chart's routes, the heaviest first. Names are completed as istiod does it. */
export function stableClusters(
  service: MeshService,
  destinations: readonly RouteDestination[],
  port: number,
  names: MeshNames,
): readonly [WeightedCluster, ...WeightedCluster[]] {
  const isOne = destinations.length === 1;
  // Among several, one without a weight gets nothing.
  const used = destinations.filter(({ weight = 0 }) => isOne || weight > 0);
  if (used.length > 1 && used.some((one) => one["headers"] !== undefined))
    throw new UnsupportedService(
      "DestinationHeaders",
      `${service.name}: several destinations of one route, with headers of their own. Use the regex form, or move the headers to the route.`,
    );
  const clusters = used
    .map(({ destination, weight = 100 }) => ({
      cluster: clusterOf(service, destination, port, names),
      weight,
    }))
    .toSorted((a, b) => b.weight - a.weight);
  const [first, ...others] = clusters;
  if (first === undefined)
    throw new UnsupportedService(
      "NoRoutes",
      `${service.name}: a route of its VirtualService has no destination with a weight.`,
    );
  return [first, ...others];
}

function clusterOf(
  service: MeshService,
  { host, subset, port: named }: RouteDestination["destination"],
  port: number,
  names: MeshNames,
): string {
  const full = fullHost(host, service.base.metadata.namespace ?? service.namespace, names);
  // Of another Service with one port istiod takes that port, whatever the request's is; which one can't be known here.
  if (named === undefined && full !== fullHost(service.name, service.namespace, names))
    throw new UnsupportedService(
      "DestinationPort",
      `${service.name}: a route of its VirtualService goes to ${host} without a port. Add port.number to the destination, or use the regex form.`,
    );
  return clusterName(full, named?.number ?? port, subset);
}
