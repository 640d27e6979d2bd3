import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultMeshNames, type MeshService, withDelegate } from "@cocktail/mesh";
import type { RouteTable } from "@cocktail/route";
import { decisionsText, markedTable, renderMeshRoutes } from "./mesh-routes.ts";

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

const waiting: readonly string[] = [];

test("a table that decides the same for a service leaves its objects as they are", () => {
  const first = tableOf(7, "0a1b2c3d", ["mp-101"]);
  const routes = renderMeshRoutes(service, first, { before: undefined, waiting });
  const before = { table: routes.table, decisions: decisionsText(first, name) };
  const same = renderMeshRoutes(service, tableOf(8, "11111111", ["mp-101"], "b"), {
    before,
    waiting,
  });
  assert.deepEqual(same, routes);
  const other = renderMeshRoutes(service, tableOf(9, "22222222", []), { before, waiting });
  assert.deepEqual(other.table, { epoch: 9, tag: "22222222" });
  assert.notEqual(other.marker, routes.marker);
});

test("the marker is in the written filter, and tells its table to the next leader", () => {
  const table = tableOf(7, "0a1b2c3d", ["mp-101"]);
  const { objects, marker } = renderMeshRoutes(service, table, { before: undefined, waiting });
  const filters = objects.filter(({ kind }) => kind === "EnvoyFilter");
  assert.ok(JSON.stringify(filters).includes(JSON.stringify(marker).slice(1, -1)));
  const specs = filters.map(({ spec }) => spec);
  assert.deepEqual(markedTable(name, specs), { epoch: 7, tag: "0a1b2c3d" });
  assert.equal(markedTable("payment", specs), undefined);
  assert.equal(markedTable(name, undefined), undefined);
});

test("a key that waits has a cluster, and no route", () => {
  const table = tableOf(7, "0a1b2c3d", ["mp-101"]);
  const { objects } = renderMeshRoutes(service, table, { before: undefined, waiting: ["mp-102"] });
  const textOf = (wanted: string): string =>
    JSON.stringify(objects.filter(({ kind }) => kind === wanted));
  assert.match(textOf("DestinationRule"), /mp-102/);
  assert.doesNotMatch(textOf("EnvoyFilter"), /mp-102/);
});
