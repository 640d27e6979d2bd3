import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds } from "@cocktail/environment";
import type { KubeObject } from "@cocktail/kubernetes";
import fc from "fast-check";
import { metaOf, changedByText } from "./object-meta.ts";
import { ObjectReader } from "./object-reader.ts";
import { changedByAnnotation } from "./resources.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const places = { home: "home", scope: { namespace: "apart" }, namespaceOf: () => "apart" } as const;

const variant = (more: Partial<KubeObject["metadata"]> = {}, spec: unknown = {}): KubeObject => ({
  metadata: {
    namespace: "apart",
    name: "cart.mp-1",
    uid: "u",
    resourceVersion: "7",
    generation: 3,
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...more,
  },
  spec:
    typeof spec === "object" && spec !== null
      ? { service: "cart", variant: "mp-1", ...spec }
      : spec,
});

function readerOf(): { readonly reader: ObjectReader; readonly leftOut: string[] } {
  const leftOut: string[] = [];
  const unreadable = (_: KubeObject, why: string): void => {
    leftOut.push(why);
    throw new Error("whoever is told may fail");
  };
  return { reader: new ObjectReader({ places, log: silent, unreadable }), leftOut };
}

describe("what is left out, and why", () => {
  const wrong: Readonly<Record<string, readonly [object: KubeObject, why: RegExp]>> = {
    "another name": [variant({ name: "basket" }), /metadata\.name is not/],
    "another namespace": [
      variant({ namespace: "home" }),
      /no ServiceVariant cart:mp-1 is expected/,
    ],
    "no spec": [variant({}, null), /spec: /],
    "a service that is none": [variant({}, { service: "A" }), /spec\.service: /],
    "a time that is none": [variant({}, { expiresAt: "soon" }), /spec\.expiresAt: is not a time/],
    "no time of creation": [variant({ creationTimestamp: undefined }), /createdAt/],
    "a status of another version": [
      {
        ...variant(),
        status: {
          observedGeneration: 1,
          incarnations: [
            {
              number: 1,
              rollout: 1,
              state: "ASLEEP",
              revision: "",
              host: "",
              onUnavailable: "Fail",
              createdAt: "2026-01-01T00:00:00Z",
            },
          ],
        },
      },
      /status\.incarnations\.0\.state/,
    ],
  };
  for (const [title, [object, why]] of Object.entries(wrong))
    test(title, () => {
      const { reader, leftOut } = readerOf();
      const names = reader.replace("ServiceVariant", [object, variant()]).map(({ name }) => name);
      assert.deepEqual(names, ["cart:mp-1"]);
      assert.equal(leftOut.length, 1);
      assert.match(leftOut[0] ?? "", why);
    });

  test("nothing that an object holds makes the reader throw", () => {
    const { reader } = readerOf();
    const metadata = fc.record({ name: fc.string(), uid: fc.string() }, { requiredKeys: ["name"] });
    const part = fc.oneof(
      fc.jsonValue(),
      fc.record({ kind: fc.constantFrom(...kinds), name: fc.string(), document: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        metadata,
        part,
        part,
        (kind, metadata, spec, status) => {
          reader.put(kind, { metadata, spec, status });
          reader.remove(kind, { metadata, spec, status });
        },
      ),
    );
  });
});

test("a Record of another kind is not reported: it is somebody else's", () => {
  const { reader, leftOut } = readerOf();
  const ledger = {
    ...variant({ namespace: "home", name: "ledger.incarnations" }),
    spec: { kind: "Ledger", name: "incarnations", document: {} },
  };
  assert.deepEqual(reader.replace("Service", [ledger]), []);
  assert.deepEqual(leftOut, []);
  assert.equal(reader.read("Ledger", ledger)?.object.name, "incarnations");
});

test("what was removed is told in its last state that could be read", () => {
  const { reader } = readerOf();
  assert.equal(reader.remove("ServiceVariant", variant({}, { expiresAt: "soon" })), undefined);
  const object = reader.put("ServiceVariant", variant());
  assert.equal(reader.remove("ServiceVariant", variant({}, { expiresAt: "soon" })), object);
  const deleted = variant({ generation: 4, deletionTimestamp: "2026-01-02T00:00:00Z" });
  assert.equal(reader.remove("ServiceVariant", deleted)?.generation, 3);
});

test("who changed an object is known until somebody else changes its spec", () => {
  const text = changedByText({ name: "token:a" }, 3);
  const by = (generation: number, text: string): unknown =>
    metaOf(variant({ generation, annotations: { [changedByAnnotation]: text } }), "a").changedBy
      ?.actor;
  assert.deepEqual(by(3, text), { name: "token:a" });
  assert.equal(by(4, text), undefined);
  for (const other of [
    "",
    "{",
    "null",
    "{}",
    `{"actor":{"name":1},"at":1,"generation":3}`,
    text + " ".repeat(20_000),
  ])
    assert.equal(by(3, other), undefined);
});
