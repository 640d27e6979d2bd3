import { managedLabels, type MeshNames, strictCluster } from "./names.ts";
import type { KubeObject } from "./objects.ts";

const manager =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const expression =
  "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter";

/**
 * The one filter of a mesh, installed once and never changed: a change of the connection manager cuts live connections when their
 * listener has drained. Makes 424 of a strict miss, and 503 that names the cluster of a branch that has no endpoint. Other services'
 * failures are left as they are.
 */
export function renderMeshFilter(names: MeshNames): KubeObject {
  const connectionManager = {
    context: "SIDECAR_OUTBOUND",
    listener: {
      filterChain: { filter: { name: "envoy.filters.network.http_connection_manager" } },
    },
  };
  const replies = { "@type": manager, local_reply_config: { mappers: mappers(names) } };
  return {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    metadata: { name: "cocktail-mesh", namespace: names.rootNamespace, labels: managedLabels },
    spec: {
      configPatches: [
        {
          applyTo: "CLUSTER",
          match: { context: "SIDECAR_OUTBOUND" },
          patch: { operation: "ADD", value: strict },
        },
        {
          applyTo: "NETWORK_FILTER",
          match: connectionManager,
          patch: { operation: "MERGE", value: { typed_config: replies } },
        },
      ],
    },
  };
}

const strict = {
  name: strictCluster,
  type: "STATIC",
  connect_timeout: "1s",
  load_assignment: { cluster_name: strictCluster },
};

function mappers({ headers }: MeshNames): readonly object[] {
  const route = {
    pins: `%REQ(${headers.pins})%`,
    environment: `%REQ(${headers.environment})%`,
    host: "%REQ(:authority)%",
  };
  return [
    {
      ...when(["UH"], `xds.cluster_name == '${strictCluster}'`),
      ...problem(424, "StrictMiss", route),
    },
    {
      ...when(["NC", "UH", "UF"], "xds.cluster_name.contains('-variants.')"),
      ...problem(503, "VariantUnavailable", { ...route, cluster: "%UPSTREAM_CLUSTER_RAW%" }),
    },
  ];
}

function problem(status: number, title: string, fields: object): object {
  return {
    status_code: status,
    body_format_override: {
      content_type: "application/problem+json",
      json_format: { type: "about:blank", title, status, ...fields },
    },
  };
}

function when(flags: readonly string[], condition: string): object {
  const byCluster = {
    name: "cel",
    typed_config: { "@type": expression, expression: condition },
  };
  return {
    filter: {
      and_filter: {
        filters: [{ response_flag_filter: { flags } }, { extension_filter: byCluster }],
      },
    },
  };
}
