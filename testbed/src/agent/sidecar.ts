import { xds } from "../inside/addresses.ts";

/** Envoy's admin interface, on the pod's address so that tests can ask it. */
export const adminPort = 15000;

/** Whose sidecar it is. istiod reads it. */
export interface SidecarOwner {
  readonly name: string;
  readonly namespace: string;
  readonly ip: string;
  /** A text where the labels are filled in later. */
  readonly labels: Readonly<Record<string, string>> | string;
  /**
   * NONE: istiod makes one listener a service port on 127.0.0.1, and a caller sends to it with the Host of the service. REDIRECT: one
   * listener takes all that iptables sends to it.
   */
  readonly interception: "NONE" | "REDIRECT";
}

/** A sidecar's bootstrap. The limit of regular expressions is the one that Istio's own bootstrap sets. */
export function bootstrapOf(owner: SidecarOwner): object {
  const { name, namespace, ip, labels, interception } = owner;
  const ads = { ads: {}, resource_api_version: "V3" };
  return {
    node: {
      id: `sidecar~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${name}.${namespace}`,
      metadata: {
        NAMESPACE: namespace,
        NAME: name,
        LABELS: labels,
        CLUSTER_ID: "Kubernetes",
        ISTIO_VERSION: "1.32.0",
        INTERCEPTION_MODE: interception,
      },
    },
    admin: { address: address(ip, adminPort) },
    layered_runtime: {
      layers: [{ name: "static", static_layer: { "re2.max_program_size.error_level": 32_768 } }],
    },
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }],
      },
    },
    static_resources: { clusters: [xdsCluster()] },
  };
}

const address = (host: string, port: number): object => ({
  socket_address: { address: host, port_value: port },
});

function xdsCluster(): object {
  const http2 = {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 100 } },
  };
  const endpoint = { endpoint: { address: address(xds.host, xds.port) } };
  return {
    name: "xds",
    type: "STATIC",
    connect_timeout: "1s",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2,
    },
    load_assignment: { cluster_name: "xds", endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}
