import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isEqualDocument, type SourceDocument, type VariantSpec } from "@cocktail/environment";
import type { KubeObject } from "@cocktail/kubernetes";
import fc from "fast-check";
import type { Seen } from "./codec.ts";
import { ObjectReader } from "./object-reader.ts";
import { variantCodec } from "./variant-codec.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const places = { home: "home", scope: "cluster", namespaceOf: () => "apart" } as const;
const reader = new ObjectReader({ places, log: silent });
const createdAt = Date.UTC(2026, 0, 1);

const raw = (spec: object, status?: object): KubeObject => ({
  metadata: {
    namespace: "apart",
    name: "cart.mp-1",
    uid: "u",
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: new Date(createdAt).toISOString(),
  },
  // As the API server keeps it: JSON.
  spec: JSON.parse(
    JSON.stringify({ service: "cart", variant: "mp-1", onUnavailable: "Fail", ...spec }),
  ) as unknown,
  ...(status === undefined ? {} : { status }),
});
const seen = (object: KubeObject): Seen<"ServiceVariant"> =>
  reader.read("ServiceVariant", object) ?? assert.fail("left out");
const specOf = (object: KubeObject): VariantSpec => seen(object).object.spec;
const statusOf = (object: KubeObject): object =>
  variantCodec.statusOf(
    { observedGeneration: 1, conditions: [], incarnations: [], lastIncarnation: 0 },
    seen(object),
  );
/** The object after a write of the engine, and its fields. */
function write(object: KubeObject, given: VariantSpec): KubeObject {
  const spec = variantCodec.specOf(given, seen(object));
  return { ...object, spec: JSON.parse(JSON.stringify(spec)) as unknown };
}

describe("the source of a variant", () => {
  const same: readonly (readonly [fields: object, source: SourceDocument])[] = [
    [{}, { kind: "pods" }],
    [{ destination: { host: "a.b", port: 80 } }, { kind: "destination", host: "a.b", port: 80 }],
    [{ fork: {} }, { kind: "fork" }],
    [
      { fork: { image: "a:1", env: [{ name: "__proto__", value: "" }], replicas: 0 } },
      { kind: "fork", image: "a:1", env: [{ name: "__proto__", value: "" }], replicas: 0 },
    ],
    [{ internal: { source: { kind: "stable" } } }, { kind: "stable" }],
    // What the API server would drop, refuse or add to is kept as the engine gave it.
    [{ internal: { source: { kind: "fork", other: 1 } } }, { kind: "fork", other: 1 }],
    [
      { internal: { source: { kind: "fork", env: [{ name: "A" }] } } },
      { kind: "fork", env: [{ name: "A" }] },
    ],
    [{ internal: { source: { kind: "pods", of: "x" } } }, { kind: "pods", of: "x" }],
    [
      { internal: { source: { kind: "destination", host: "a", port: 0 } } },
      { kind: "destination", host: "a", port: 0 },
    ],
  ];
  for (const [fields, source] of same)
    test(`${JSON.stringify(source)} is ${JSON.stringify(fields)}`, () => {
      assert.deepEqual(specOf(raw(fields)).source, source);
      const other = raw({ internal: { source: { kind: "other" }, unknown: 1 } });
      const { spec } = write(other, { ...specOf(other), rollout: 2, source });
      const expected = raw({ rollout: 2, ...fields })["spec"] as { readonly internal?: object };
      assert.deepEqual(spec, { ...expected, internal: { unknown: 1, ...expected.internal } });
    });

  test("what a user wrote takes precedence of what the operator did", () => {
    const internal = { source: { kind: "stable" } };
    assert.equal(specOf(raw({ internal, fork: {} })).source["kind"], "fork");
  });
});

describe("the rollout of a variant", () => {
  test("is what its user counts until it has a status, and 1 where nobody does", () => {
    assert.equal(specOf(raw({})).rollout, 1);
    assert.equal(specOf(raw({ rollout: 5 })).rollout, 5);
  });

  test("is the recorded one while the code is the same, else the next or the given one", () => {
    const status = statusOf(raw({ fork: { image: "a:1" } }));
    const rollout = (spec: object): number => specOf(raw(spec, status)).rollout;
    assert.equal(rollout({ fork: { image: "a:1" } }), 1);
    assert.equal(rollout({ fork: { image: "a:1" }, ttlSeconds: 9, branch: "a" }), 1);
    assert.equal(rollout({ fork: { image: "a:2" } }), 2);
    assert.equal(rollout({}), 2);
    assert.equal(rollout({ fork: { image: "a:1" }, rollout: 1 }), 2);
    assert.equal(rollout({ fork: { image: "a:1" }, rollout: 9 }), 9);
    assert.equal(rollout({ fork: { image: "a:2" }, rollout: 2 }), 2);
  });

  test("is recorded as it was read, again and again", () => {
    const first = raw({ fork: { image: "a:2" } }, statusOf(raw({ fork: { image: "a:1" } })));
    const second = { ...first, status: statusOf(first) };
    assert.equal(specOf(second).rollout, 2);
    assert.deepEqual(statusOf(second), second.status);
  });
});

describe("a write of the engine", () => {
  const users = raw(
    { ttlSeconds: 60, fork: { image: "a:2", later: true }, endpoints: ["a"], later: { a: 1 } },
    statusOf(raw({ fork: { image: "a:1" } })),
  );

  test("of what was read changes nothing", () => {
    assert.deepEqual(write(users, specOf(users)), users);
  });

  test("of another lifetime leaves the rollout to the user; none removes both of its fields", () => {
    const read = specOf(users);
    assert.equal(read.rollout, 2);
    assert.equal(read.expiresAt, createdAt + 60_000);
    const expiresAt = createdAt + 1;
    const before = users["spec"] as { readonly ttlSeconds: number };
    assert.deepEqual(write(users, { ...read, expiresAt })["spec"], {
      ...before,
      expiresAt: "2026-01-01T00:00:00.001Z",
    });
    const { ttlSeconds: _, ...rest } = before;
    assert.deepEqual(write(users, { ...read, expiresAt: undefined })["spec"], rest);
  });

  test("of another rollout keeps the source as it is, with what this version doesn't know", () => {
    const { spec } = write(users, { ...specOf(users), rollout: 3 });
    assert.deepEqual(spec, { ...(users["spec"] as object), rollout: 3 });
  });

  const text = fc.string({ maxLength: 8 });
  const source: fc.Arbitrary<SourceDocument> = fc.oneof(
    fc.constant({ kind: "pods" }),
    fc.record({ kind: fc.constant("destination"), host: text, port: fc.nat(70_000) }),
    fc.record(
      {
        kind: fc.constant("fork"),
        image: text,
        replicas: fc.integer({ min: -1, max: 3 }),
        env: fc.array(fc.record({ name: text, value: text }, { requiredKeys: ["name"] })),
      },
      { requiredKeys: ["kind"] },
    ),
    fc.record({ kind: fc.constantFrom("stable", "fork", "pods"), [`constructor`]: fc.jsonValue() }),
  );
  const change = fc.record(
    {
      source,
      more: fc.integer({ min: 1, max: 4 }),
      branch: fc.option(text, { nil: undefined }),
      endpoints: fc.option(fc.array(fc.constantFrom("a", "b")), { nil: undefined }),
      madeFor: fc.option(text, { nil: undefined }),
      discard: fc.option(fc.boolean(), { nil: undefined }),
      onUnavailable: fc.constantFrom("Fail" as const, "Fallback" as const),
      expiresAt: fc.option(fc.nat(2e12), { nil: undefined }),
    },
    { requiredKeys: [] },
  );

  test("is read back as it was given, whatever a user and the engine did before", () => {
    const history = fc.array(fc.tuple(change, fc.boolean()), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(history, (changes) => {
        let object = users;
        for (const [{ more = 0, ...fields }, isObserved] of changes) {
          const read = specOf(object);
          // A deploy of other code is another rollout.
          const isSame = isEqualDocument(fields.source ?? read.source, read.source);
          const rollout = read.rollout + (isSame ? more : Math.max(more, 1));
          const given = { ...read, ...fields, rollout } as VariantSpec;
          object = write(object, given);
          const plain = JSON.parse(JSON.stringify(given)) as unknown;
          assert.deepEqual(JSON.parse(JSON.stringify(specOf(object))), plain);
          if (isObserved) object = { ...object, status: statusOf(object) };
          assert.deepEqual(JSON.parse(JSON.stringify(specOf(object))), plain);
        }
        const { later, fork } = object["spec"] as {
          readonly later: object;
          readonly fork?: object;
        };
        assert.deepEqual(later, { a: 1 }, "what this version doesn't know is lost");
        assert.ok(fork === undefined || typeof fork === "object");
      }),
    );
  });
});
