import { STABLE } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import {
  clusterName,
  fullHost,
  type MeshNames,
  objectLabels,
  serviceLabel,
  variantLabel,
  variantsName,
} from "./names.ts";
import type { DestinationRule, KubeObject, MeshService, RouteDestination } from "./objects.ts";

/** The host of the Service over the pods of all branches. */
export function umbrellaHost({ name, namespace }: MeshService, names: MeshNames): string {
  return fullHost(variantsName(name), namespace, names);
}

/** The Envoy clusters of one key, one a port. */
export function variantClusters(
  service: MeshService,
  key: string,
  names: MeshNames,
): readonly string[] {
  const host = umbrellaHost(service, names);
  return service.ports.map(({ number }) => clusterName(host, number, key));
}

const exportTo = "networking.istio.io/exportTo";

/**
 * One Service over the pods of all branches, so that a variant costs no virtual host, and a rule with a subset a key. Stable's Service and
 * rule are never touched. It is visible where stable's Service is: a caller that doesn't see it would get 503.
 */
export function renderUmbrella(service: MeshService): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: variantsName(service.name),
      namespace: service.namespace,
      labels: objectLabels(service),
      ...(service.exportTo === undefined ? {} : { annotations: { [exportTo]: service.exportTo } }),
    },
    spec: {
      selector: { [serviceLabel]: service.name },
      ports: service.ports.map(({ number, name, targetPort = number, appProtocol }) => ({
        name,
        port: number,
        targetPort,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      })),
    },
  };
}

/** Visible to everybody, whatever the default of the mesh and the chart's rule are: it is found only by who sees the Service. */
export function renderSubsets(
  service: MeshService,
  keys: readonly string[],
  names: MeshNames,
): DestinationRule {
  const trafficPolicy = service.rule?.spec.trafficPolicy;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: {
      name: variantsName(service.name),
      namespace: service.namespace,
      labels: objectLabels(service),
    },
    spec: {
      host: umbrellaHost(service, names),
      exportTo: ["*"],
      ...(trafficPolicy === undefined ? {} : { trafficPolicy }),
      subsets: [...new Set(keys)]
        .toSorted()
        .map((key) => ({ name: key, labels: { [variantLabel]: key } })),
    },
  };
}

/** The keys that have a subset: all but stable, which has a Service of its own. */
export function branchKeys({ live }: ServiceDecisions): readonly string[] {
  return live.filter((key) => key !== STABLE);
}

/** The umbrella's port for a request that stable would get at this destination: the same, where the Service has it. */
export function umbrellaPort(
  { ports }: MeshService,
  destination: RouteDestination["destination"] | undefined,
  asked: number,
): number {
  const named = destination?.port?.number;
  return named !== undefined && ports.some(({ number }) => number === named) ? named : asked;
}
