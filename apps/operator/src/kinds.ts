import type { Resource } from "@cocktail/kubernetes";
import { mergeGroups } from "@cocktail/mesh";

export const namespaced = (apiVersion: string, kind: string, plural: string): Resource => ({
  apiVersion,
  kind,
  plural,
  isNamespaced: true,
});

/** `VirtualServiceMerge` in each of its groups. */
export const mergeKinds: readonly Resource[] = mergeGroups.map((group) =>
  namespaced(`${group}/v1alpha1`, "VirtualServiceMerge", "virtualservicemerges"),
);
export const virtualServices = namespaced(
  "networking.istio.io/v1",
  "VirtualService",
  "virtualservices",
);
export const destinationRules = namespaced(
  "networking.istio.io/v1",
  "DestinationRule",
  "destinationrules",
);
export const services = namespaced("v1", "Service", "services");
export const endpointSlices = namespaced("discovery.k8s.io/v1", "EndpointSlice", "endpointslices");
export const rollouts = namespaced("argoproj.io/v1alpha1", "Rollout", "rollouts");
export const configMaps = namespaced("v1", "ConfigMap", "configmaps");
export const pods = namespaced("v1", "Pod", "pods");
export const envoyFilters = namespaced(
  "networking.istio.io/v1alpha3",
  "EnvoyFilter",
  "envoyfilters",
);
export const deployments = namespaced("apps/v1", "Deployment", "deployments");
export const leases = namespaced("coordination.k8s.io/v1", "Lease", "leases");

/** The owner of what this operator writes, in `managedFields`. */
export const fieldManager = "cocktail-operator";
