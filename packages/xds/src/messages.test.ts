import assert from "node:assert/strict";
import { test } from "node:test";
import protobuf from "protobufjs";
import { healthyAddresses } from "./messages.ts";

/** As Envoy has it, from the published definitions; written apart from the code that is tested. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message SocketAddress { int32 protocol = 1; string address = 2; uint32 port_value = 3; }
  message Address { oneof address { SocketAddress socket_address = 1; } }
  message Endpoint { Address address = 1; string hostname = 3; }
  message LbEndpoint { oneof host { Endpoint endpoint = 1; string endpoint_name = 5; } int32 health_status = 2; }
  message LocalityLbEndpoints { repeated LbEndpoint lb_endpoints = 2; uint32 priority = 5; }
  message ClusterLoadAssignment { string cluster_name = 1; repeated LocalityLbEndpoints endpoints = 2; }
`);
const assignment = root.lookupType("ClusterLoadAssignment");

const endpoint = (address: string, healthStatus = 0): object => ({
  endpoint: { address: { socketAddress: { protocol: 0, address, portValue: 8080 } } },
  healthStatus,
});

test("an address counts if its endpoint is healthy or says nothing of its health", () => {
  const bytes = assignment
    .encode({
      clusterName: "outbound|8080|mp-101|payment-service-variants",
      endpoints: [
        { lbEndpoints: [endpoint("10.0.0.1"), endpoint("10.0.0.22", 2)], priority: 1 },
        {
          lbEndpoints: [endpoint("10.0.0.3", 1), endpoint("10.0.0.4", 3), endpoint("10.0.0.5", 5)],
        },
      ],
    })
    .finish();
  assert.deepEqual([...healthyAddresses(bytes)].toSorted(), ["10.0.0.1", "10.0.0.3"]);
});

test("an endpoint without an address is none, and no endpoint is no fault", () => {
  const named = assignment
    .encode({ endpoints: [{ lbEndpoints: [{ endpointName: "x" }] }] })
    .finish();
  assert.ok(!healthyAddresses(named).has("x"));
  assert.equal(healthyAddresses(assignment.encode({ clusterName: "a" }).finish()).size, 0);
});
