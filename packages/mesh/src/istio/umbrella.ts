import { STABLE } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import { managedLabels, serviceLabel, variantLabel, variantsName } from "./names.ts";
import { type DestinationRule, fullHost, type KubeObject, type MeshService } from "./objects.ts";

/** The host of the Service over the pods of all branches. */
export function umbrellaHost({ name, namespace }: MeshService): string {
  return fullHost(variantsName(name), namespace);
}

/**
 * One Service over the pods of all branches, so that a variant costs no virtual host, and a rule with a subset a key. Stable's Service and
 * rule are never touched.
 */
export function renderUmbrella(service: MeshService): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: variantsName(service.name),
      namespace: service.namespace,
      labels: managedLabels,
    },
    spec: {
      selector: { [serviceLabel]: service.name },
      ports: service.ports.map(({ number, name }) => ({ name, port: number, targetPort: number })),
    },
  };
}

export function renderSubsets(service: MeshService, decisions: ServiceDecisions): DestinationRule {
  const trafficPolicy = service.rule?.spec.trafficPolicy;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: {
      name: variantsName(service.name),
      namespace: service.namespace,
      labels: managedLabels,
    },
    spec: {
      host: umbrellaHost(service),
      ...(trafficPolicy === undefined ? {} : { trafficPolicy }),
      subsets: branchKeys(decisions).map((key) => ({ name: key, labels: { [variantLabel]: key } })),
    },
  };
}

/** The keys that have a subset: all but stable, which has a Service of its own. */
export function branchKeys({ live }: ServiceDecisions): readonly string[] {
  return live.filter((key) => key !== STABLE);
}
