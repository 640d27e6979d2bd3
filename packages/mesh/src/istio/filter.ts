import { STABLE, type TableId } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import { renderLua } from "../lua/render.ts";
import { delegateRouteName, isDelegateLine } from "./chart.ts";
import { tableRoutes } from "./delegate.ts";
import {
  clusterName,
  fullHost,
  type MeshNames,
  noCluster,
  objectLabels,
  strictCluster,
  variantsName,
} from "./names.ts";
import type { KubeObject, MeshService, RouteDestination } from "./objects.ts";
import { renderServed } from "./served.ts";
import { stableClusters } from "./stable-clusters.ts";
import { umbrellaHost, umbrellaPort } from "./umbrella.ts";
import { UnsupportedService } from "./unsupported.ts";

const luaType = "type.googleapis.com/envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig";
/** etcd refuses a request over 1.5 MiB, and what the API server adds counts. */
const maxBytes = 1_000_000;

/** The table in force for a service, in as many objects as it needs. */
export function renderFilters(
  service: MeshService,
  decisions: ServiceDecisions,
  table: TableId,
  names: MeshNames,
): readonly KubeObject[] {
  const root = service.base.spec.http?.find((one) =>
    isDelegateLine(one, service.base, service.name),
  );
  const prefix = root === undefined ? `${delegateRouteName}-` : root.name ? `${root.name}-` : "";
  const routes = tableRoutes(service, names);
  const served = renderServed(service, decisions, routes, names);
  const byName = new Map(
    routes.flatMap(({ name, destinations }) =>
      destinations === undefined ? [] : [[name, destinations] as const],
    ),
  );
  const patches = service.ports.flatMap(({ number: port }) =>
    [...byName].map(([name, destinations]) =>
      routePatch({
        service,
        decisions,
        table,
        names,
        port,
        destinations,
        served: served.format,
        route: `${prefix}${name}`,
      }),
    ),
  );
  return inObjects(service, [...patches, ...served.patches]).map((configPatches, at) => ({
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: {
      // A namespace has no dot: two services never share a name.
      name: `${variantsName(service.name)}.${service.namespace}${at === 0 ? "" : `.${at + 1}`}`,
      namespace: names.rootNamespace,
      labels: objectLabels(service),
    },
    spec: { configPatches },
  }));
}

/** Divides patches into lists that the API server accepts. Patches of one route are never divided. */
function inObjects(
  service: MeshService,
  patches: readonly object[],
): readonly (readonly object[])[] {
  const lists: object[][] = [[]];
  let bytes = 0;
  for (const patch of patches) {
    const size = JSON.stringify(patch).length + 1;
    if (size > maxBytes)
      throw new UnsupportedService(
        "TooLarge",
        `The table of ${service.name} takes ${size} bytes, more than the API server accepts: remove variants or environments.`,
      );
    if (bytes + size > maxBytes) {
      lists.push([]);
      bytes = 0;
    }
    lists.at(-1)?.push(patch);
    bytes += size;
  }
  return lists;
}

interface RoutePatch {
  readonly service: MeshService;
  readonly decisions: ServiceDecisions;
  readonly table: TableId;
  readonly names: MeshNames;
  readonly port: number;
  readonly destinations: readonly RouteDestination[];
  /** The format of the header that names who answered. */
  readonly served: string;
  /** Envoy's name of the route. */
  readonly route: string;
}

/** MERGE replaces the choice of the cluster and leaves timeouts, retries and rewrites as they are. */
function routePatch(patch: RoutePatch): object {
  const { service, decisions, table, names, port, destinations, served, route } = patch;
  const [stable, ...others] = stableClusters(service, destinations, port, names);
  const umbrella = umbrellaHost(service, names);
  const branchPort = umbrellaPort(service, destinations[0]?.destination, port);
  const of = (key: string): string =>
    key === STABLE ? stable.cluster : clusterName(umbrella, branchPort, key);
  const split = others.length === 0 ? [] : [stable, ...others];
  const clusters = { of, split, none: noCluster, strict: strictCluster };
  return {
    applyTo: "HTTP_ROUTE",
    match: {
      context: "SIDECAR_OUTBOUND",
      routeConfiguration: {
        vhost: {
          name: `${fullHost(service.name, service.namespace, names)}:${port}`,
          route: { name: route },
        },
      },
    },
    patch: {
      operation: "MERGE",
      value: {
        route: {
          inline_cluster_specifier_plugin: {
            extension: {
              name: "envoy.router.cluster_specifier_plugin.lua",
              typed_config: {
                "@type": luaType,
                default_cluster: stable.cluster,
                source_code: {
                  inline_string: renderLua(decisions, table, clusters, names.headers),
                },
              },
            },
          },
        },
        response_headers_to_add: [
          {
            header: { key: names.headers.served, value: served },
            append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
          },
        ],
      },
    },
  };
}
