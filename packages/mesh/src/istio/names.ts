import { defaultHeaderNames, hash8, type HeaderNames } from "@cocktail/route";

/** Names that depend on the installation, not on a service. */
export interface MeshNames {
  readonly headers: HeaderNames;
  /** Istio's root namespace: an EnvoyFilter acts on every caller only from there. */
  readonly rootNamespace: string;
  /** What follows `.svc.` in the name of a Service. */
  readonly clusterDomain: string;
}

export const defaultMeshNames: MeshNames = Object.freeze({
  headers: defaultHeaderNames,
  rootNamespace: "istio-system",
  clusterDomain: "cluster.local",
});

/** Of all that is made for one service: the delegate, the Service over its branches' pods, its DestinationRule, the filter. */
export function variantsName(service: string): string {
  return boundedName(service, "-variants");
}

const maxLabel = 63;

/** A DNS label: a name that is too long is cut and gets a hash of the whole, so that two names never become one. */
export function boundedName(name: string, suffix: string): string {
  if (name.length + suffix.length <= maxLabel) return `${name}${suffix}`;
  const ending = trimDashes(`-${hash8(name + suffix)}${suffix.slice(0, maxLabel - 18)}`);
  return `${trimDashes(name.slice(0, maxLabel - ending.length))}${ending}`;
}

function trimDashes(text: string): string {
  return text.replace(/-+$/, "");
}

export const serviceLabel = "cocktail.dev/service";
export const variantLabel = "cocktail.dev/variant";
const namespaceLabel = "cocktail.dev/namespace";

export const managedLabels = Object.freeze({ "app.kubernetes.io/managed-by": "cocktail" });

/** By these whoever writes the objects of a service finds those that the next table no longer has. */
export function objectLabels({
  name,
  namespace,
}: {
  readonly name: string;
  readonly namespace: string;
}): Readonly<Record<string, string>> {
  return { ...managedLabels, [serviceLabel]: name, [namespaceLabel]: namespace };
}

/** Answers strict requests that miss something: exists in every proxy and has no endpoint. */
export const strictCluster = "cocktail.strict";
/** Exists nowhere: Envoy answers 503 by itself. */
export const noCluster = "cocktail.none";

/** Matches baggage that holds a route member. A request without baggage doesn't match. */
export const baggageMatch = Object.freeze({ regex: ".*(?:service|source)-route.*" });

/** An Envoy cluster as istiod names it. */
export function clusterName(host: string, port: number, subset = ""): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** `payment-service` of namespace `services` as the mesh writes it out. Istio takes a name with a dot as it is. */
export function fullHost(
  host: string,
  namespace: string,
  { clusterDomain }: Pick<MeshNames, "clusterDomain">,
): string {
  return host.includes(".") ? host : `${host}.${namespace}.svc.${clusterDomain}`;
}
