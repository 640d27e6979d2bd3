import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { table } from "./__fixtures__/arbitraries.ts";
import {
  canonicalTable,
  checkChain,
  emptyTable,
  formatTableId,
  formatVariant,
  isReservedKey,
  nextTag,
  parseTableId,
  parseVariant,
  type RouteTable,
} from "./index.ts";

/** The same record, built in another order. */
function reordered<T>(
  record: Readonly<Record<string, T>>,
  map: (value: T) => T = (value) => value,
): Readonly<Record<string, T>> {
  const entries = Object.entries(record).map(([name, value]) => [name, map(value)] as const);
  return Object.fromEntries(entries.toReversed());
}

test("the empty table lists only the environment rc", () => {
  const first = emptyTable("0badcafe");
  assert.deepEqual(first.environments, { rc: { parent: "stable", members: {} } });
  assert.deepEqual([first.epoch, first.tag, first.services], [0, "0badcafe", {}]);
});

test("the canonical text of a table doesn't depend on the order of its names", () => {
  fc.assert(
    fc.property(table, (table) => {
      const other = {
        services: reordered(table.services, (variants) => reordered(variants)),
        environments: reordered(table.environments, (layer) => ({
          members: reordered(layer.members),
          parent: layer.parent,
        })),
      };
      assert.equal(canonicalTable(other), canonicalTable(table));
      assert.doesNotThrow(() => JSON.parse(canonicalTable(table)));
    }),
  );
});

test("the canonical text covers all content, but not epoch, tag and history floor", () => {
  const variant = {
    incarnation: 1,
    tier: "branch",
    revision: "a",
    destination: "http://127.0.0.1:1",
    onUnavailable: "Fail",
    endpoints: ["b", "a"],
  } as const;
  const base: RouteTable = { ...emptyTable("0badcafe"), services: { s: { k: variant } } };
  const text = canonicalTable(base);
  const { destination: _, ...without } = variant;
  const changes: readonly RouteTable["services"][] = [
    {},
    { s: {} },
    { t: { k: variant } },
    { s: { l: variant } },
    { s: { k: without } },
    { s: { k: { ...variant, incarnation: 2 } } },
    { s: { k: { ...variant, revision: "b" } } },
    { s: { k: { ...variant, onUnavailable: "Fallback" } } },
    { s: { k: { ...variant, endpoints: [] } } },
    { s: { k: { ...variant, tier: "rc" } } },
  ];
  for (const services of changes) assert.notEqual(canonicalTable({ ...base, services }), text);
  const layers = [
    { rc: { parent: "x", members: {} } },
    { rc: { parent: "stable", members: { a: "b" } } },
    {},
  ];
  for (const environments of layers)
    assert.notEqual(canonicalTable({ ...base, environments }), text);
  const endpoints = { s: { k: { ...variant, endpoints: ["a", "b"] } } };
  const same: RouteTable = {
    ...base,
    services: endpoints,
    epoch: 9,
    tag: "ffffffff",
    historyFloor: 3,
  };
  assert.equal(canonicalTable(same), text);
  const absent = { s: { k: { ...variant, destination: undefined } } };
  assert.equal(
    canonicalTable({ ...base, services: absent }),
    canonicalTable({ ...base, services: { s: { k: without } } }),
  );
});

test("the tag depends on the previous tag, the epoch and the content", () => {
  const next: RouteTable = { ...emptyTable("ignored"), epoch: 1 };
  const tag = nextTag("0badcafe", next);
  assert.match(tag, /^[0-9a-f]{8}$/);
  const renamed: RouteTable = { ...next, tag: "11111111", historyFloor: 1 };
  assert.equal(nextTag("0badcafe", renamed), tag);
  assert.notEqual(nextTag("0badcaff", next), tag);
  assert.notEqual(nextTag("0badcafe", { ...next, epoch: 2 }), tag);
  assert.notEqual(nextTag("0badcafe", { ...next, environments: {} }), tag);
});

test("a table's id is epoch and tag, and any other form is refused", () => {
  assert.equal(formatTableId({ epoch: 58, tag: "1a2b3c4d" }), "58-1a2b3c4d");
  assert.deepEqual(parseTableId("58-1a2b3c4d"), { epoch: 58, tag: "1a2b3c4d" });
  assert.deepEqual(parseTableId("0-00000000"), { epoch: 0, tag: "00000000" });
  for (const text of [
    "",
    "58",
    "58-",
    "-1a2b3c4d",
    "058-1a2b3c4d",
    "58-1A2B3C4D",
    "58-1a2b3c4d ",
    "1e3-1a2b3c4d",
    "9007199254740993-1a2b3c4d",
    "99999999999999999-1a2b3c4d",
    `"58-1a2b3c4d"`,
  ]) {
    assert.equal(parseTableId(text), undefined, text);
  }
});

test("a chain of parents ends at stable in at most eight steps", () => {
  const chain = (steps: number): Record<string, { parent: string }> =>
    Object.fromEntries(
      Array.from({ length: steps }, (_, at) => [
        `l${at}`,
        { parent: at === steps - 1 ? "stable" : `l${at + 1}` },
      ]),
    );
  assert.equal(checkChain(chain(8), "l0"), undefined);
  assert.deepEqual(checkChain(chain(9), "l0"), { kind: "tooDeep" });
  assert.deepEqual(checkChain({ a: { parent: "b" }, b: { parent: "a" } }, "a"), {
    kind: "tooDeep",
  });
  assert.deepEqual(checkChain({ a: { parent: "b" } }, "a"), { kind: "missing", layer: "b" });
  assert.deepEqual(checkChain({}, "constructor"), { kind: "missing", layer: "constructor" });
  assert.equal(checkChain({}, "stable"), undefined);
});

test("a variant is written service:key", () => {
  assert.equal(formatVariant("payment-service", "mp-101"), "payment-service:mp-101");
  assert.deepEqual(parseVariant("payment-service:mp-101"), {
    service: "payment-service",
    key: "mp-101",
  });
  for (const text of [
    "payment-service",
    ":mp-101",
    "payment-service:",
    "a:b:c",
    "A:b",
    "a: b",
    "",
  ]) {
    assert.equal(parseVariant(text), undefined, text);
  }
  assert.deepEqual(["stable", "rc", "mp-101", "constructor"].map(isReservedKey), [
    true,
    true,
    false,
    false,
  ]);
});
