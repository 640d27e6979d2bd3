import type { KubeObject } from "@cocktail/kubernetes";
import { defaultMeshNames } from "@cocktail/mesh";
import type { TargetState } from "../plan.ts";
import { readMerge } from "../virtual-service-merge.ts";

export const serviceHost = "payment-service-mp-101.services.svc.cluster.local";

export function targetObject(): KubeObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "payment-service", namespace: "services", uid: "t", resourceVersion: "7" },
    spec: {
      hosts: ["payment-service"],
      http: [{ name: "stable", route: [{ destination: { host: "payment-service" } }] }],
    },
  };
}

/** A merge for requests with the header `x-branch: mp-101`. */
export function mergeObject(name: string, metadata: object = {}): KubeObject {
  return {
    apiVersion: "istiomerge.monime.sl/v1alpha1",
    kind: "VirtualServiceMerge",
    metadata: {
      namespace: "services",
      name,
      uid: `uid-${name}`,
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
    spec: {
      target: { name: "payment-service" },
      patch: {
        http: [
          {
            match: [{ headers: { "x-branch": { exact: "mp-101" } } }],
            route: [{ destination: { host: serviceHost } }],
          },
        ],
      },
    },
  };
}

export function stateOf(
  key: string,
  target: KubeObject | undefined,
  merges: readonly KubeObject[],
): TargetState {
  return {
    key,
    target,
    isWatched: true,
    merges: merges.map(readMerge),
    rivals: [],
    refusals: new Map(),
    options: { names: defaultMeshNames, naming: "unique", tighten: true },
  };
}
