import { formatVariant, STABLE, type TableId } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import { renderLua } from "../lua/render.ts";
import { delegateRouteName, ownRoutes } from "./chart.ts";
import { tableRouteName } from "./delegate.ts";
import {
  clusterName,
  managedLabels,
  type MeshNames,
  noCluster,
  strictCluster,
  variantsName,
} from "./names.ts";
import { fullHost, type KubeObject, type MeshService, type RouteDestination } from "./objects.ts";
import { branchKeys, umbrellaHost } from "./umbrella.ts";

const luaType = "type.googleapis.com/envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig";

/** The table in force for a service: for each of its ports and routes the Lua that chooses the cluster, and the names that answers carry. */
export function renderFilter(
  service: MeshService,
  decisions: ServiceDecisions,
  table: TableId,
  names: MeshNames,
): KubeObject {
  const root = service.base.spec.http?.find((route) => route.delegate !== undefined);
  const prefix = root?.name ?? delegateRouteName;
  const routes = service.ports.flatMap(({ number: port }) =>
    ownRoutes(service.base, names).flatMap(({ route: destinations }, at) =>
      destinations === undefined // a redirect or a direct response: nothing to choose
        ? []
        : [
            routePatch({
              service,
              decisions,
              table,
              names,
              port,
              destinations,
              route: `${prefix}-${tableRouteName(at)}`,
            }),
          ],
    ),
  );
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: {
      name: `${service.namespace}-${variantsName(service.name)}`,
      namespace: names.rootNamespace,
      labels: managedLabels,
    },
    spec: { configPatches: [...routes, ...servedPatches(service, decisions)] },
  };
}

interface RoutePatch {
  readonly service: MeshService;
  readonly decisions: ServiceDecisions;
  readonly table: TableId;
  readonly names: MeshNames;
  readonly port: number;
  readonly destinations: readonly RouteDestination[];
  /** Envoy's name of the route. */
  readonly route: string;
}

/** MERGE replaces the choice of the cluster and leaves timeouts, retries and rewrites as they are. */
function routePatch(patch: RoutePatch): object {
  const { service, decisions, table, names, port, destinations, route } = patch;
  const stable = stableCluster(service, destinations, port);
  const umbrella = umbrellaHost(service);
  const of = (key: string): string => (key === STABLE ? stable : clusterName(umbrella, port, key));
  const clusters = { of, none: noCluster, strict: strictCluster };
  const text = renderLua(decisions, table, clusters, names.headers);
  return {
    applyTo: "HTTP_ROUTE",
    match: {
      context: "SIDECAR_OUTBOUND",
      routeConfiguration: {
        vhost: {
          name: `${fullHost(service.name, service.namespace)}:${port}`,
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
                default_cluster: stable,
                source_code: { inline_string: text },
              },
            },
          },
        },
        response_headers_to_add: [
          {
            header: { key: names.headers.served, value: "%METADATA(CLUSTER:cocktail:served)%" },
            append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
          },
        ],
      },
    },
  };
}

/** The one destination of a route of the chart. Several by weight can't be named by one cluster: the regex form is for them. */
function stableCluster(
  service: MeshService,
  destinations: readonly RouteDestination[],
  port: number,
): string {
  const [only, ...others] = destinations.filter(({ weight }) => weight !== 0);
  if (only === undefined || others.length > 0)
    throw new WeightedRoute(
      `${service.name}: a route of its VirtualService has several destinations`,
    );
  const { host, subset, port: named } = only.destination;
  return clusterName(fullHost(host, service.namespace), named?.number ?? port, subset);
}

/** The service's own routes split traffic by weight, which the table form can't express. */
export class WeightedRoute extends Error {
  override readonly name = "WeightedRoute";
}

/** Each cluster carries the name of its variant, which the answer's header is made of. */
function servedPatches(service: MeshService, decisions: ServiceDecisions): readonly object[] {
  const patch = (cluster: object, key: string): object => ({
    applyTo: "CLUSTER",
    match: { context: "SIDECAR_OUTBOUND", cluster },
    patch: {
      operation: "MERGE",
      value: {
        metadata: {
          filter_metadata: { cocktail: { served: formatVariant(service.name, key) } },
        },
      },
    },
  });
  const own = fullHost(service.name, service.namespace);
  const umbrella = umbrellaHost(service);
  return [
    patch({ service: own }, STABLE),
    ...branchKeys(decisions).map((key) => patch({ service: umbrella, subset: key }, key)),
  ];
}
