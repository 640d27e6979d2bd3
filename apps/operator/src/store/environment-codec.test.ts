import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "@cocktail/kubernetes";
import { environmentCodec } from "./environment-codec.ts";
import { ObjectReader } from "./object-reader.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const places = { home: "home", scope: "cluster", namespaceOf: () => "apart" } as const;
const raw: KubeObject = {
  metadata: {
    namespace: "home",
    name: "ops-1",
    uid: "u",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec: {
    members: [
      { service: "constructor", variant: "mp-1", later: 1 },
      { service: "cart", variant: "mp-2" },
      { service: "a.b", variant: "mp-3" },
    ],
    ttlSeconds: 60,
    later: true,
  },
};
const seen =
  new ObjectReader({ places, log: silent }).read("Environment", raw) ?? assert.fail("left out");
const { spec: read } = seen.object;

test("members are a map, names are data, the parent is stable", () => {
  assert.deepEqual(read, {
    parent: "stable",
    members: { constructor: "mp-1", cart: "mp-2", "a.b": "mp-3" },
    expiresAt: Date.UTC(2026, 0, 1, 0, 1),
  });
});

test("a write of other members keeps the order and the fields of those that stay", () => {
  const { cart: _, ...members } = read.members;
  const given = { ...read, members: { added: "rc", ...members, constructor: "rc" } };
  assert.deepEqual(environmentCodec.specOf(given, seen), {
    parent: "stable",
    members: [
      { service: "constructor", variant: "rc", later: 1 },
      { service: "a.b", variant: "mp-3" },
      { service: "added", variant: "rc" },
    ],
    ttlSeconds: 60,
    later: true,
  });
});

test("the status counts the members", () => {
  const of = (members: object): unknown =>
    environmentCodec.statusOf(
      { observedGeneration: 1, conditions: [] },
      { ...seen, object: { ...seen.object, spec: { ...read, members: { ...members } } } },
    )["memberSummary"];
  assert.deepEqual(
    [of({}), of({ a: "b" }), of(read.members)],
    ["0 members", "1 member", "3 members"],
  );
});
