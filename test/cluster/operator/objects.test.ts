import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "@cocktail/control-plane";
import {
  describeLifecycle,
  describeObjectStore,
  MemoryStore,
} from "@cocktail/control-plane/testing";
import type { HttpApi } from "@cocktail/kubernetes";
import { KubernetesObjects } from "@cocktail/operator/testing";
import { connect } from "@cocktail/testbed";
import { applyOwnDefinitions, letGo } from "../support/definitions.ts";
import { realApi, TestLog, unusedName, withNamespace } from "../support/kube.ts";

describe("objects in Kubernetes", () => {
  let api: HttpApi;
  before(async () => {
    api = realApi();
    await applyOwnDefinitions(connect());
  });
  after(() => api.close());

  /** Objects of this API in namespaces of their own, and tables in memory. */
  async function openStore(): Promise<AsyncDisposable & { another(): Store }> {
    const home = unusedName("objects-home");
    const apart = unusedName("objects");
    const owned = [await withNamespace(api, home), await withNamespace(api, apart)];
    const opened: KubernetesObjects[] = [];
    const memory = new MemoryStore();
    const another = (): Store => {
      const log = new TestLog();
      const scope = { namespace: apart };
      const objects = new KubernetesObjects({ api, log, home, scope, namespaceOf: () => apart });
      opened.push(objects);
      const close = async (): Promise<void> => {
        objects.close();
        await Promise.resolve();
      };
      const onAvailability = () => () => undefined;
      return { objects, tables: memory.tables, available: true, onAvailability, close };
    };
    const close = async (): Promise<void> => {
      for (const each of opened) each.close();
      await memory.close();
      for (const namespace of [home, apart]) await letGo(api, namespace);
      for (const each of owned) await each[Symbol.asyncDispose]();
    };
    return { another, [Symbol.asyncDispose]: close };
  }

  describeObjectStore(async () => {
    const fixture = await openStore();
    return {
      store: fixture.another(),
      another: () => Promise.resolve(fixture.another()),
      [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
    };
  });

  test("a source of any document comes back as it was", async () => {
    await using fixture = await openStore();
    const { objects } = fixture.another();
    const parts = [null, true, "", "é\u0000", 0, -1.5, 1e21, [], {}, [[null]], { a: { b: null } }];
    const nested = JSON.parse('{"__proto__": {"metadata": 1}, "apiVersion": null}') as object;
    const documents = [
      { kind: "other", parts, nested, name: "x", metadata: { name: 1 } },
      { kind: "fork", image: "cart:1", env: [{ name: "A", value: "" }], replicas: 0 },
      { kind: "fork", image: null },
      { kind: "fork", env: [{ name: "A" }] },
      { kind: "destination", host: "cart.other", port: 80 },
      { kind: "destination", host: "NOT.A.HOST", port: 80 },
      { kind: "pods" },
      {},
    ];
    const spec = { service: "cart", onUnavailable: "Fail", rollout: 1 } as const;
    for (const [at, source] of documents.entries()) {
      const key = `mp-${at}`;
      const draft = {
        kind: "ServiceVariant",
        name: `cart:${key}`,
        spec: { ...spec, key, source },
      } as const;
      const { object } = await objects.create(draft, { name: "token:test" });
      assert.deepEqual(object.spec.source, source);
      assert.deepEqual((await objects.get("ServiceVariant", draft.name))?.spec.source, source);
    }
  });

  describeLifecycle("over objects in Kubernetes", async () => {
    const fixture = await openStore();
    return { store: fixture.another(), close: async () => fixture[Symbol.asyncDispose]() };
  });
});
