import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keyOf, type KubeObject } from "../object.ts";
import { type CacheChange, labelIndex, namespaceIndex, ObjectCache } from "./object-cache.ts";

const object = fc
  .record({
    namespace: fc.constantFrom("n", "m"),
    name: fc.constantFrom("a", "b", "c"),
    uid: fc.constantFrom("1", "2"),
    resourceVersion: fc.constantFrom("1", "2", "3"),
    app: fc.constantFrom("x", "y", undefined),
  })
  .map(({ app, ...metadata }): KubeObject => ({
    metadata: { ...metadata, labels: app === undefined ? {} : { app } },
  }));
const step = fc.oneof(
  object.map((object) => ({ kind: "put", object }) as const),
  object.map((object) => ({ kind: "delete", object }) as const),
  fc
    .uniqueArray(object, { selector: ({ metadata }) => keyOf(metadata) })
    .map((items) => ({ kind: "replace", items }) as const),
);

test("whatever happens: the changes lead from state to state, indexes equal a search, and nobody is told of nothing", () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const cache = new ObjectCache(
        { namespace: namespaceIndex, app: labelIndex("app") },
        (error) => assert.fail(String(error)),
      );
      const told = new Map<string, KubeObject>();
      const tell = (change: CacheChange): void => {
        const key = keyOf(change.object.metadata);
        const before = told.get(key);
        if (change.kind === "added") assert.equal(before, undefined);
        else assert.ok(before);
        if (change.kind === "updated") {
          assert.equal(change.before, before);
          assert.equal(before?.metadata.uid, change.object.metadata.uid);
          assert.notEqual(before?.metadata.resourceVersion, change.object.metadata.resourceVersion);
        }
        if (change.kind === "deleted") told.delete(key);
        else told.set(key, change.object);
      };
      for (const each of steps) {
        const changes =
          each.kind === "put"
            ? cache.put(each.object)
            : each.kind === "delete"
              ? cache.delete(each.object.metadata, each.object)
              : cache.replace(each.items);
        for (const change of changes) tell(change);
        assert.deepEqual(new Set(cache.all()), new Set(told.values()));
        for (const app of ["x", "y"])
          assert.deepEqual(
            new Set(cache.by("app", app)),
            new Set(cache.all().filter(({ metadata }) => metadata.labels?.["app"] === app)),
          );
        for (const namespace of ["n", "m"])
          assert.deepEqual(
            new Set(cache.by("namespace", namespace)),
            new Set(cache.all().filter(({ metadata }) => metadata.namespace === namespace)),
          );
      }
    }),
  );
});
