import protobuf from "protobufjs";

/** A kind of resource, by the name that Istio's tools have for it. */
export type ResourceKind = (typeof resourceKinds)[number];

export const resourceKinds = ["clusters", "endpoints", "listeners", "routes"] as const;

const prefix = "type.googleapis.com/envoy.config.";

export const typeUrls: Readonly<Record<ResourceKind, string>> = {
  clusters: `${prefix}cluster.v3.Cluster`,
  endpoints: `${prefix}endpoint.v3.ClusterLoadAssignment`,
  listeners: `${prefix}listener.v3.Listener`,
  routes: `${prefix}route.v3.RouteConfiguration`,
};

export interface DiscoveryRequest {
  readonly typeUrl: string;
  readonly resourceNames: readonly string[];
  /** In the first request of a stream. */
  readonly node?: {
    readonly id: string;
    readonly cluster: string;
    readonly metadata: Struct;
  };
  /** Of the response that this request acknowledges. */
  readonly versionInfo?: string;
  readonly responseNonce?: string;
}

export interface DiscoveryResponse {
  readonly typeUrl: string;
  readonly versionInfo: string;
  readonly nonce: string;
  readonly resources: readonly { readonly value: Uint8Array }[];
}

/** `google.protobuf.Struct`, of texts. */
interface Struct {
  readonly fields: Readonly<Record<string, { readonly stringValue: string }>>;
}

export function structOf(texts: Readonly<Record<string, string>>): Struct {
  const fields = Object.entries(texts).map(
    ([name, stringValue]) => [name, { stringValue }] as const,
  );
  return { fields: Object.fromEntries(fields) };
}

/*
 * What is used of envoy/service/discovery/v3/discovery.proto, envoy/config/core/v3/base.proto and google/protobuf/struct.proto. A resource is
 * an Any, whose bytes nobody here needs to understand.
 */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Value { oneof kind { string stringValue = 3; } }
  message Struct { map<string, Value> fields = 1; }
  message Node { string id = 1; string cluster = 2; Struct metadata = 3; }
  message Request {
    string versionInfo = 1; Node node = 2; repeated string resourceNames = 3; string typeUrl = 4; string responseNonce = 5;
  }
  message Any { string typeUrl = 1; bytes value = 2; }
  message Response { string versionInfo = 1; repeated Any resources = 2; string typeUrl = 4; string nonce = 5; }
  message Named { string name = 1; }
  message SocketAddress { string address = 2; }
  message Address { SocketAddress socketAddress = 1; }
  message Endpoint { Address address = 1; }
  message LbEndpoint { Endpoint endpoint = 1; int32 healthStatus = 2; }
  message LocalityLbEndpoints { repeated LbEndpoint lbEndpoints = 2; }
  message ClusterLoadAssignment { repeated LocalityLbEndpoints endpoints = 2; }
`);

const request = root.lookupType("Request");
const response = root.lookupType("Response");
const named = root.lookupType("Named");
const loadAssignment = root.lookupType("ClusterLoadAssignment");

export function encodeRequest(message: DiscoveryRequest): Buffer {
  return Buffer.from(request.encode(message).finish());
}

export function decodeResponse(bytes: Buffer): DiscoveryResponse {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by the schema above
  return response.toObject(response.decode(bytes), { defaults: true }) as DiscoveryResponse;
}

/** Clusters, load assignments, listeners and routes have their name in the first field. */
export function nameOf(resource: Uint8Array): string {
  return String(named.toObject(named.decode(resource), { defaults: true })["name"]);
}

/** Undefined for a type that nobody asked for. */
export function kindOf(typeUrl: string): ResourceKind | undefined {
  return resourceKinds.find((kind) => typeUrls[kind] === typeUrl);
}

interface LoadAssignment {
  readonly endpoints: readonly {
    readonly lbEndpoints: readonly {
      readonly endpoint?: {
        readonly address?: { readonly socketAddress?: { readonly address: string } };
      };
      readonly healthStatus: number;
    }[];
  }[];
}

/** UNKNOWN, which is healthy, and HEALTHY (envoy/config/core/v3/health_check.proto). */
const healthy: readonly number[] = [0, 1];

/** The addresses of a load assignment that proxies send requests to: istiod pushes pods that are not ready, too. */
export function healthyAddresses(resource: Uint8Array): ReadonlySet<string> {
  const decoded = loadAssignment.toObject(loadAssignment.decode(resource), { defaults: true });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by the schema above
  const { endpoints } = decoded as LoadAssignment;
  const addresses = endpoints
    .flatMap(({ lbEndpoints }) => lbEndpoints)
    .filter(({ healthStatus }) => healthy.includes(healthStatus))
    .map(({ endpoint }) => endpoint?.address?.socketAddress?.address ?? "");
  return new Set(addresses);
}
