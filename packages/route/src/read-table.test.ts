import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { table } from "./__fixtures__/arbitraries.ts";
import { emptyTable, readTable, tableLimits } from "./index.ts";

const variant = { incarnation: 1, tier: "branch", revision: "a", onUnavailable: "Fail" };

function document(changes: Record<string, unknown>): unknown {
  return {
    ...emptyTable("0badcafe"),
    epoch: 7,
    services: { cart: { "mp-101": variant } },
    ...changes,
  };
}

function faultOf(value: unknown): string {
  const reading = readTable(value);
  return reading.ok ? "no fault" : `${reading.fault.path}: ${reading.fault.message}`;
}

function withVariant(changes: Record<string, unknown>): unknown {
  return document({ services: { cart: { "mp-101": { ...variant, ...changes } } } });
}

test("a table survives a round trip through JSON", () => {
  fc.assert(
    fc.property(table, (table) => {
      assert.deepEqual(readTable(JSON.parse(JSON.stringify(table))), { ok: true, table });
    }),
    { numRuns: 500 },
  );
});

test("unknown members are dropped, a newer resolver is refused", () => {
  const reading = readTable({ ...emptyTable("0badcafe"), added: 1 });
  assert.deepEqual(reading, { ok: true, table: emptyTable("0badcafe") });
  assert.match(faultOf(document({ resolver: 2 })), /^resolver: .* upgrade it$/);
  // A document without a valid resolver is not a table of a newer version.
  for (const other of [{}, document({ resolver: "1" }), document({ resolver: 0 })])
    assert.equal(faultOf(other), "resolver: is not 1");
});

test("each fault is reported with its path", () => {
  const faults: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /^: is not an object$/],
    [null, /^: is not an object$/],
    [[], /^: is not an object$/],
    ["{}", /^: is not an object$/],
    [document({ epoch: -1 }), /^epoch: /],
    [document({ epoch: 1.5 }), /^epoch: /],
    [document({ epoch: "1" }), /^epoch: /],
    [document({ historyFloor: 8 }), /^historyFloor: is above the epoch 7$/],
    [document({ tag: "0BADCAFE" }), /^tag: /],
    [document({ tag: 12_345_678 }), /^tag: /],
    [document({ services: [] }), /^services: /],
    [document({ services: { "a b": {} } }), /^services\.a b: is not a service name$/],
    [document({ services: { a: { "b.c": variant } } }), /^services\.a\.b\.c: is not a key$/],
    [document({ services: { a: { b: null } } }), /^services\.a\.b: is not an object$/],
    [withVariant({ incarnation: 0.5 }), /^services\.cart\.mp-101\.incarnation: /],
    [withVariant({ tier: "stable" }), /\.tier: must be branch for this key$/],
    [withVariant({ revision: undefined }), /\.revision: /],
    [withVariant({ revision: "r".repeat(tableLimits.textLength + 1) }), /\.revision: /],
    [withVariant({ onUnavailable: "Fallover" }), /\.onUnavailable: /],
    [withVariant({ destination: 1 }), /\.destination: /],
    [withVariant({ destination: "file:///etc/passwd" }), /\.destination: is not an http\(s\) URL$/],
    [withVariant({ destination: "http://a\r\nb" }), /\.destination: /],
    [withVariant({ endpoints: "orders" }), /\.endpoints: /],
    [withVariant({ endpoints: [1] }), /\.endpoints\.0: /],
    [
      document({ environments: { stable: { parent: "stable", members: {} } } }),
      /^environments\.stable: is the root/,
    ],
    [document({ environments: { A: { parent: "stable", members: {} } } }), /^environments\.A: /],
    [
      document({ environments: { a: { parent: "b", members: {} } } }),
      /^environments\.a\.parent: leads to b/,
    ],
    [
      document({ environments: { a: { parent: "a", members: {} } } }),
      /^environments\.a\.parent: does not reach stable/,
    ],
    [document({ environments: { a: { members: {} } } }), /^environments\.a\.parent: /],
    [
      document({ environments: { a: { parent: "stable", members: { s: "K" } } } }),
      /^environments\.a\.members\.s: is not a key$/,
    ],
    [
      document({ environments: { a: { parent: "stable", members: { S: "k" } } } }),
      /\.members\.S: is not a service name$/,
    ],
  ];
  for (const [value, expected] of faults) assert.match(faultOf(value), expected);
});

test("a table over a limit is refused", () => {
  const many = (count: number, value: unknown): unknown =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, value]));
  const layer = { parent: "stable", members: {} };
  const { services, variantsPerService, environments, membersPerEnvironment, endpointsPerVariant } =
    tableLimits;
  assert.equal(faultOf(document({ services: many(services, {}) })), "no fault");
  assert.match(faultOf(document({ services: many(services + 1, {}) })), /^services: has more than/);
  assert.match(
    faultOf(document({ services: { a: many(variantsPerService + 1, variant) } })),
    /^services\.a: has more/,
  );
  assert.match(
    faultOf(document({ environments: many(environments + 1, layer) })),
    /^environments: has more/,
  );
  const members = many(membersPerEnvironment + 1, "k");
  assert.match(
    faultOf(document({ environments: { a: { ...layer, members } } })),
    /members: has more/,
  );
  assert.match(
    faultOf(withVariant({ endpoints: Array(endpointsPerVariant + 1).fill("e") })),
    /\.endpoints: /,
  );
});

test("names of built-in properties are ordinary names in a table", () => {
  const text = `{"constructor":{"constructor":${JSON.stringify(variant)}}}`;
  const reading = readTable(document({ services: JSON.parse(text) }));
  assert.ok(reading.ok && Object.hasOwn(reading.table.services, "constructor"));
  assert.match(
    faultOf(document({ services: JSON.parse(`{"__proto__":{}}`) })),
    /is not a service name$/,
  );
  // Inherited properties are not part of the document.
  assert.match(faultOf(Object.create(emptyTable("0badcafe"))), /^resolver: /);
});

test("reading a table is total, whatever the value", () => {
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
      getOwnPropertyDescriptor: () => {
        throw new Error("no");
      },
    },
  );
  assert.equal(faultOf(hostile), ": can't be read");
  fc.assert(
    fc.property(fc.anything({ maxDepth: 4, size: "small", withNullPrototype: true }), (value) => {
      assert.equal(typeof readTable(value).ok, "boolean");
      readTable(document({ services: value }));
      readTable(document({ environments: value }));
    }),
    { numRuns: 500 },
  );
});
