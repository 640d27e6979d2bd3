import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonical,
  defaultMeshNames,
  type KubeObject,
  type MeshService,
  withDelegate,
} from "@cocktail/mesh";
import type { RouteTable } from "@cocktail/route";
import {
  adoptedTable,
  decisionsText,
  markerOf,
  renderRoutes,
  type RoutesInput,
} from "./mesh-routes.ts";

const name = "payment-service";
const host = `${name}.shop.svc.cluster.local`;
const base = withDelegate(
  {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace: "shop" },
    spec: { hosts: [host], http: [{ route: [{ destination: { host } }] }] },
  },
  name,
  defaultMeshNames,
);
const service: MeshService = {
  name,
  namespace: "shop",
  ports: [{ number: 80, name: "http" }],
  base,
};
const live = { incarnation: 1, revision: "a", onUnavailable: "Fail" } as const;

function tableOf(epoch: number, tag: string, keys: readonly string[], other = "a"): RouteTable {
  const branches: RouteTable["services"][string] = Object.fromEntries(
    keys.map((key) => [key, { ...live, tier: "branch" } as const]),
  );
  return {
    epoch,
    tag,
    resolver: 1,
    historyFloor: 0,
    services: {
      [name]: { stable: { ...live, tier: "stable" }, ...branches },
      other: { stable: { ...live, revision: other, tier: "stable" } },
    },
    environments: {},
  };
}

const inputOf = (table: RouteTable, waiting: readonly string[] = []): RoutesInput => ({
  service,
  table,
  waiting,
  names: defaultMeshNames,
});

const filtersOf = (objects: readonly KubeObject[]): readonly unknown[] =>
  objects.filter(({ kind }) => kind === "EnvoyFilter").map(({ spec }) => spec);

test("tables that decide the same for a service give the same objects, whatever else they hold", () => {
  const [first, other] = [
    tableOf(7, "0a1b2c3d", ["mp-101"]),
    tableOf(8, "11111111", ["mp-101"], "b"),
  ];
  assert.equal(decisionsText(first, name), decisionsText(other, name));
  assert.deepEqual(renderRoutes(inputOf(first), first), renderRoutes(inputOf(other), first));
  assert.notEqual(decisionsText(first, name), decisionsText(tableOf(9, "22222222", []), name));
});

test("the marker is in the filter as a proxy has it", () => {
  const table = tableOf(7, "0a1b2c3d", ["mp-101"]);
  const text = JSON.stringify(filtersOf(renderRoutes(inputOf(table), table)));
  assert.ok(text.includes(JSON.stringify(markerOf(name, table)).slice(1, -1)));
});

test("a new leader takes over the marker of filters that decide as the table does, and no other", () => {
  const old = tableOf(7, "0a1b2c3d", ["mp-101"]);
  // With the order of members and the defaults that the API server may change.
  const inCluster = JSON.parse(canonical(filtersOf(renderRoutes(inputOf(old), old)))) as unknown[];
  const later = tableOf(9, "22222222", ["mp-101"], "b");
  assert.deepEqual(adoptedTable(inputOf(later), inCluster), { epoch: 7, tag: "0a1b2c3d" });
  // Appended by a leader that ended before it wrote the routes.
  const unwritten = tableOf(8, "11111111", ["mp-101", "mp-102"]);
  assert.equal(adoptedTable(inputOf(unwritten), inCluster), undefined);
  assert.equal(adoptedTable(inputOf(tableOf(8, "11111111", [])), inCluster), undefined);
});

test("filters that are none of ours, or of another service, have no marker", () => {
  const table = tableOf(7, "0a1b2c3d", ["mp-101"]);
  for (const filters of [[], [undefined], [7], [{ configPatches: "-- table 7-0a1b2c3d" }]])
    assert.equal(adoptedTable(inputOf(table), filters), undefined);
  const other = { ...inputOf(table), service: { ...service, name: "payment" } };
  const ofPayment = filtersOf(renderRoutes(inputOf(table), table));
  assert.equal(adoptedTable(other, ofPayment), undefined);
});

test("a key that waits has a cluster, and no route", () => {
  const table = tableOf(7, "0a1b2c3d", ["mp-101"]);
  const objects = renderRoutes(inputOf(table, ["mp-102"]), table);
  const rules = objects.filter(({ kind }) => kind === "DestinationRule");
  assert.match(JSON.stringify(rules), /mp-102/);
  assert.doesNotMatch(JSON.stringify(filtersOf(objects)), /mp-102/);
});
