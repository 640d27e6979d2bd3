import { type Fields, fieldsOf, listOf, nameOf, textsOf } from "../fields.ts";
import { fullHost, type MeshNames } from "../istio/names.ts";
import type { KubeObject } from "../istio/objects.ts";
import { covers, matchesNothing } from "../merge/overlap.ts";
import { type Finding, formatObject } from "./finding.ts";

/** The hosts of a VirtualService, complete. */
export function hostsOf(
  { metadata, spec }: KubeObject,
  names: Pick<MeshNames, "clusterDomain">,
): readonly string[] {
  const namespace = metadata.namespace ?? "default";
  return textsOf(fieldsOf(spec)["hosts"]).map((host) => fullHost(host, namespace, names));
}

export function isInMesh({ spec }: KubeObject): boolean {
  const gateways = textsOf(fieldsOf(spec)["gateways"]);
  return gateways.length === 0 || gateways.includes("mesh");
}

export function lintVirtualServices(
  all: readonly KubeObject[],
  rules: readonly KubeObject[],
  names: MeshNames,
): readonly Finding[] {
  const subsets = subsetsOf(rules, names);
  return all.flatMap((one) => [
    ...lintBinding(one),
    ...lintHosts(one, all, names),
    ...lintShadows(one),
    ...lintSubsets(one, subsets, names),
    ...lintCatchAll(one),
  ]);
}

function lintBinding(one: KubeObject): readonly Finding[] {
  if (isInMesh(one)) return [];
  return [
    {
      object: formatObject(one),
      path: "spec.gateways",
      reason: "NotBoundToMesh",
      message: "The routes have no effect between services: add mesh to the gateways.",
    },
  ];
}

/** Sidecars use one VirtualService a host: the oldest. */
function lintHosts(
  one: KubeObject,
  all: readonly KubeObject[],
  names: MeshNames,
): readonly Finding[] {
  if (!isInMesh(one)) return [];
  const rivals = all.filter((other) => other !== one && isInMesh(other));
  return hostsOf(one, names).flatMap((host, at): Finding[] => {
    const rival = rivals.find((other) => hostsOf(other, names).includes(host));
    if (rival === undefined) return [];
    return [
      {
        object: formatObject(one),
        path: `spec.hosts[${at}]`,
        reason: "DuplicateHost",
        message: `${formatObject(rival)} is for ${host} too: sidecars use the older one alone.`,
      },
    ];
  });
}

function lintShadows(one: KubeObject): readonly Finding[] {
  const http = listOf(fieldsOf(one.spec)["http"]);
  return http.flatMap((route, at): Finding[] => {
    if (matchesNothing(route)) return [];
    const by = http.findIndex((earlier, index) => index < at && covers(earlier, route));
    if (by < 0) return [];
    return [
      {
        object: formatObject(one),
        path: `spec.http[${at}]`,
        reason: "ShadowedRoute",
        message: `No request reaches ${shown(route, at)}: ${shown(http[by] ?? {}, by)} before it takes them all.`,
      },
    ];
  });
}

function shown(route: Fields, at: number): string {
  return nameOf(route) || `http[${at}]`;
}

function subsetsOf(
  rules: readonly KubeObject[],
  names: MeshNames,
): ReadonlyMap<string, readonly string[]> {
  const subsets = new Map<string, readonly string[]>();
  for (const { metadata, spec } of rules) {
    const { host, subsets: listed } = fieldsOf(spec);
    if (typeof host !== "string") continue;
    const full = fullHost(host, metadata.namespace ?? "default", names);
    subsets.set(full, [...(subsets.get(full) ?? []), ...listOf(listed).map(nameOf)]);
  }
  return subsets;
}

function lintSubsets(
  one: KubeObject,
  subsets: ReadonlyMap<string, readonly string[]>,
  names: MeshNames,
): readonly Finding[] {
  const namespace = one.metadata.namespace ?? "default";
  return listOf(fieldsOf(one.spec)["http"]).flatMap((route, at) =>
    listOf(route["route"]).flatMap((target, index): Finding[] => {
      const { host, subset } = fieldsOf(target["destination"]);
      if (typeof subset !== "string" || subset === "" || typeof host !== "string") return [];
      if (subsets.get(fullHost(host, namespace, names))?.includes(subset) === true) return [];
      return [
        {
          object: formatObject(one),
          path: `spec.http[${at}].route[${index}].destination.subset`,
          reason: "SubsetMissing",
          message: `No DestinationRule of ${host} has the subset ${subset}: requests get 503.`,
        },
      ];
    }),
  );
}

/** A delegate without hosts whose route asks nothing hides every route after the line that delegates. */
function lintCatchAll(one: KubeObject): readonly Finding[] {
  const { hosts, http } = fieldsOf(one.spec);
  if (textsOf(hosts).length > 0) return [];
  return listOf(http).flatMap((route, at): Finding[] => {
    if (listOf(route["match"]).length > 0) return [];
    return [
      {
        object: formatObject(one),
        path: `spec.http[${at}]`,
        reason: "DelegateCatchAll",
        message: "A route of a delegate without a match takes all traffic from stable: add one.",
      },
    ];
  });
}
