import { defaultMeshNames, fullHost, type MeshNames } from "../istio/names.ts";
import type { KubeObject } from "../istio/objects.ts";
import { lintClaims } from "./claims.ts";
import { lintDelegate } from "./delegate.ts";
import type { Finding } from "./finding.ts";
import { lintPod } from "./pod.ts";
import { lintService } from "./service.ts";
import { hostsOf, lintVirtualServices } from "./virtual-service.ts";

export interface LintOptions {
  readonly names?: MeshNames;
  /** The services that have variants, as `namespace/name`; all that a VirtualService is for by default. */
  readonly services?: readonly string[];
}

/**
 * What is wrong with a mesh for routing by variant, from its objects: Services, VirtualServices, DestinationRules, VirtualServiceMerges and
 * Pods of any number of namespaces. Objects of other kinds are ignored. An object that is not given is not reported as missing, except for subsets.
 */
export function lint(
  objects: readonly KubeObject[],
  { names = defaultMeshNames, services }: LintOptions = {},
): readonly Finding[] {
  const of = (kind: string): readonly KubeObject[] => objects.filter((one) => one.kind === kind);
  const virtual = of("VirtualService");
  const hosts = new Set(virtual.flatMap((one) => hostsOf(one, names)));
  const routed = of("Service").filter(({ metadata: { name, namespace = "default" } }) =>
    services === undefined
      ? hosts.has(fullHost(name, namespace, names))
      : services.includes(`${namespace}/${name}`),
  );
  return [
    ...routed.flatMap(lintService),
    ...lintVirtualServices(virtual, of("DestinationRule"), names),
    ...routed.flatMap((service) => lintDelegate(service, virtual, names)),
    ...lintClaims(of("VirtualServiceMerge")),
    ...of("Pod").flatMap(lintPod),
  ];
}
