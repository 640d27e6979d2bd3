import { defaultHeaderNames, type HeaderNames } from "@cocktail/route";

/** Names that depend on the installation, not on a service. */
export interface MeshNames {
  readonly headers: HeaderNames;
  /** Istio's root namespace: an EnvoyFilter acts on every caller only from there. */
  readonly rootNamespace: string;
}

export const defaultMeshNames: MeshNames = Object.freeze({
  headers: defaultHeaderNames,
  rootNamespace: "istio-system",
});

/** Of all that is made for one service: the delegate, the Service over its branches' pods, its DestinationRule, the filter. */
export function variantsName(service: string): string {
  return `${service}-variants`;
}

export const managedLabels = Object.freeze({ "app.kubernetes.io/managed-by": "cocktail" });
export const serviceLabel = "cocktail.dev/service";
export const variantLabel = "cocktail.dev/variant";

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
