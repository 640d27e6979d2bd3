import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  addFinalizer,
  ApiError,
  ApiUnreachable,
  applyObject,
  deleteObject,
  Discovery,
  Fence,
  fencedApi,
  getObject,
  HttpApi,
  isConflict,
  type KubeObject,
  LeadershipLost,
  onlyIfUnchanged,
  patchObject,
  removeFinalizer,
  replaceObject,
  type Resource,
  retryOnConflict,
} from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { faultProxy, type FaultProxy } from "../support/fault-proxy.ts";
import {
  configMap,
  configMaps,
  fieldManager,
  realApi,
  unusedName,
  withNamespace,
} from "../support/kube.ts";

const namespace = unusedName("kubernetes-writes");
const finalizer = "cocktail.dev/test";

describe("writes of raw objects", () => {
  let api: HttpApi;
  let proxy: FaultProxy;
  let faulty: HttpApi;
  let owned: AsyncDisposable;
  const answers: string[] = [];

  before(async () => {
    api = realApi();
    owned = await withNamespace(api, namespace);
    proxy = await faultProxy();
    faulty = new HttpApi({
      config: proxy.config,
      userAgent: "writes-test",
      onAnswer: ({ code, method }) => answers.push(`${method} ${code}`),
    });
  });
  after(async () => {
    await deleteObject(api, definitions, widgetDefinition.metadata);
    await owned[Symbol.asyncDispose]();
    await faulty.close();
    await proxy[Symbol.asyncDispose]();
    await api.close();
  });

  const create = (name: string, data: Readonly<Record<string, string>> = {}) =>
    applyObject(api, configMaps, configMap(namespace, name, data), { fieldManager });
  const read = async (name: string): Promise<KubeObject> => {
    const found = await getObject(api, configMaps, { namespace, name });
    assert.ok(found, `${name} is not there`);
    return found;
  };

  test("two managers apply their own fields; a field of another is a conflict, unless forced; what is no longer given goes", async () => {
    const apply = (manager: string, data: Readonly<Record<string, string>>, force?: boolean) =>
      applyObject(
        api,
        configMaps,
        { metadata: { namespace, name: "shared" }, data },
        { fieldManager: manager, force },
      );
    await apply("one", { a: "1", b: "1" });
    await apply("two", { c: "2" });
    assert.deepEqual((await read("shared"))["data"], { a: "1", b: "1", c: "2" });
    await assert.rejects(apply("two", { a: "2" }), (error) => isConflict(error));
    await apply("two", { a: "2" }, true);
    await apply("one", { b: "1" });
    assert.deepEqual((await read("shared"))["data"], { a: "2", b: "1" });
  });

  test("a kind is found by discovery, also one that comes later, and its unknown fields survive every write", async () => {
    const discovery = new Discovery(api);
    assert.equal(await discovery.find("testing.cocktail.dev/v1", "Widget"), undefined);
    const found = await discovery.find("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    assert.deepEqual(found, definitions);
    await applyObject(api, definitions, widgetDefinition, { fieldManager });
    const widgets = await until(
      "the new kind",
      async () => await discovery.find("testing.cocktail.dev/v1", "Widget"),
    );
    const spec = { known: 1, unknown: { deep: [{ field: "kept" }] }, "odd-name": null };
    const made = await until(
      "the kind to be served",
      async () =>
        await applyObject(
          api,
          widgets,
          { metadata: { namespace, name: "w" }, spec },
          { fieldManager },
        ),
      { retryErrors: true },
    );
    const replaced = await replaceObject(
      api,
      widgets,
      { ...made, spec: { ...spec, known: 2 } },
      { fieldManager },
    );
    const withFinalizer = await addFinalizer(api, widgets, replaced, { fieldManager, finalizer });
    assert.ok(withFinalizer);
    assert.deepEqual(withFinalizer["spec"], { ...spec, known: 2 });
    await patchObject(
      api,
      widgets,
      {
        namespace,
        name: "w",
        steps: [{ op: "add", path: "/status", value: { seen: 1, extra: "kept" } }],
      },
      { fieldManager, subresource: "status" },
    );
    const now = await getObject(api, widgets, { namespace, name: "w" });
    assert.deepEqual(now?.["status"], { seen: 1, extra: "kept" });
    assert.deepEqual(now?.["spec"], { ...spec, known: 2 });
    await removeFinalizer(api, widgets, now, { fieldManager, finalizer });
  });

  test("a patch that tests the version, and a replacement of an old version, are conflicts", async () => {
    const old = await create("versions", { a: "1" });
    await create("versions", { a: "2" });
    const target = {
      namespace,
      name: "versions",
      steps: [...onlyIfUnchanged(old), { op: "add", path: "/data/a", value: "3" } as const],
    };
    await assert.rejects(patchObject(api, configMaps, target, { fieldManager }), (error) =>
      isConflict(error),
    );
    await assert.rejects(replaceObject(api, configMaps, old, { fieldManager }), (error) =>
      isConflict(error),
    );
    assert.deepEqual((await read("versions"))["data"], { a: "2" });
    const invalid = { ...target, steps: [{ op: "add", path: "/data", value: 7 } as const] };
    await assert.rejects(
      patchObject(api, configMaps, invalid, { fieldManager }),
      (error) => error instanceof ApiError && !isConflict(error),
    );
  });

  test("concurrent read-modify-writes with conflict retries lose nothing", async () => {
    await create("counter", { count: "0" });
    const increment = () =>
      retryOnConflict(
        async () => {
          const object = await read("counter");
          const { count } = object["data"] as { count: string };
          await replaceObject(
            api,
            configMaps,
            { ...object, data: { count: `${Number(count) + 1}` } },
            { fieldManager },
          );
        },
        { tries: 50 },
      );
    await Promise.all(Array.from({ length: 10 }, increment));
    assert.deepEqual((await read("counter"))["data"], { count: "10" });
  });

  test("a conflict that stays is thrown after the last try, and no other error is retried", async () => {
    let tries = 0;
    const failing = (status: number, reason: string) =>
      retryOnConflict(
        async () => {
          tries++;
          await Promise.reject(new ApiError("PUT /", { status, reason }));
        },
        { tries: 3 },
      );
    await assert.rejects(failing(409, "Conflict"), /409/);
    assert.equal(tries, 3);
    await assert.rejects(failing(409, "AlreadyExists"), /409/);
    await assert.rejects(failing(500, "InternalError"), /500/);
    assert.equal(tries, 5);
  });

  test("finalizers of several controllers are added and removed without loss, and hold the object", async () => {
    const first = await create("finalized");
    const names = Array.from({ length: 5 }, (_, at) => `cocktail.dev/f${at}`);
    const edit = (change: typeof addFinalizer, each: string) =>
      retryOnConflict(
        async () =>
          await change(api, configMaps, await read("finalized"), { fieldManager, finalizer: each }),
        { tries: 50 },
      );
    await Promise.all(names.map((each) => edit(addFinalizer, each)));
    assert.deepEqual((await read("finalized")).metadata.finalizers?.toSorted(), names);
    // As it was read before anybody added one.
    await assert.rejects(
      addFinalizer(api, configMaps, first, { fieldManager, finalizer }),
      (error) => isConflict(error),
    );
    assert.equal(await deleteObject(api, configMaps, first.metadata), "deleted");
    const dying = await read("finalized");
    assert.equal(
      await addFinalizer(api, configMaps, dying, { fieldManager, finalizer }),
      undefined,
    );
    await Promise.all(names.slice(1).map((each) => edit(removeFinalizer, each)));
    const last = await read("finalized");
    assert.deepEqual(last.metadata.finalizers, names.slice(0, 1));
    await removeFinalizer(api, configMaps, last, { fieldManager, finalizer: names[0]! });
    assert.equal(await getObject(api, configMaps, { namespace, name: "finalized" }), undefined);
    assert.equal(
      await removeFinalizer(api, configMaps, last, { fieldManager, finalizer: names[0]! }),
      undefined,
    );
  });

  test("only the very object, in the very state, is deleted", async () => {
    const old = await create("deleted", { a: "1" });
    const now = await create("deleted", { a: "2" });
    const { uid, resourceVersion } = now.metadata;
    const remove = (more: Parameters<typeof deleteObject>[3]) =>
      deleteObject(api, configMaps, { namespace, name: "deleted" }, more);
    await assert.rejects(remove({ uid: "00000000-0000-0000-0000-000000000000" }), (error) =>
      isConflict(error),
    );
    await assert.rejects(remove({ uid, resourceVersion: old.metadata.resourceVersion }), (error) =>
      isConflict(error),
    );
    assert.equal(await remove({ uid, resourceVersion }), "deleted");
    assert.equal(await remove({ uid }), "absent");
  });

  test("a dry run changes nothing", async () => {
    await applyObject(api, configMaps, configMap(namespace, "dry", {}), {
      fieldManager,
      dryRun: true,
    });
    assert.equal(await getObject(api, configMaps, { namespace, name: "dry" }), undefined);
  });

  test("names of others lead to no other path", async () => {
    for (const name of ["../secrets/x", "a/b", "..", "", "a?b", "a%2fb", "x".repeat(300)])
      await assert.rejects(getObject(api, configMaps, { namespace, name }), /not a valid name/);
    await assert.rejects(getObject(api, configMaps, { name: "a" }), /needs a namespace/);
  });

  test("429 with Retry-After is obeyed; a server that goes on turning away ends in its error", async () => {
    const isPut = ({ path }: { path: string }) => path.endsWith("/patience");
    const busy = {
      kind: "answer",
      status: 429,
      reason: "TooManyRequests",
      retryAfterSeconds: 1,
    } as const;
    proxy.once(isPut, busy, { ...busy, status: 503 });
    const from = performance.now();
    await applyObject(faulty, configMaps, configMap(namespace, "patience", {}), { fieldManager });
    assert.ok(performance.now() - from >= 2_000);
    proxy.once(isPut, busy, busy, busy, busy);
    await assert.rejects(getObject(faulty, configMaps, { namespace, name: "patience" }), /429/);
    assert.ok(
      answers.includes("PATCH 429") &&
        answers.includes("PATCH 503") &&
        answers.includes("PATCH 201"),
    );
  });

  test("a lost, cut or late answer is unreachable, not success; and says what was asked", async () => {
    const isGet = ({ path }: { path: string }) => path.endsWith("/cut");
    await create("cut", { text: "x".repeat(5_000) });
    for (const fault of [
      { kind: "drop" },
      { kind: "loseAnswer" },
      { kind: "truncate", bytes: 100 },
      { kind: "closeAtOnce" },
    ] as const) {
      proxy.once(isGet, fault);
      await assert.rejects(
        getObject(faulty, configMaps, { namespace, name: "cut" }),
        (error) =>
          error instanceof ApiUnreachable && /GET \/api\/v1\/namespaces/.test(error.message),
        fault.kind,
      );
    }
    proxy.once(isGet, { kind: "silent" });
    const path = `/api/v1/namespaces/${namespace}/configmaps/cut`;
    await assert.rejects(faulty.request({ method: "GET", path, timeoutMs: 200 }), /timeout/i);
    const small = new HttpApi({
      config: proxy.config,
      userAgent: "small",
      limits: { bodyBytes: 1_000 },
    });
    await assert.rejects(
      getObject(small, configMaps, { namespace, name: "cut" }),
      /limit of 1000 bytes/,
    );
    await small.close();
    await assert.rejects(getObject(small, configMaps, { namespace, name: "cut" }), ApiUnreachable);
  });

  test("a fence that is lost while the connection is made stops the write", async () => {
    const own = new HttpApi({ config: proxy.config, userAgent: "fence" });
    let checks = 0;
    // The first check is before there is a connection, the second when the request is written to it.
    const clock = { now: () => (++checks > 2 ? 100 : 0), after: () => () => undefined };
    const fence = new Fence(clock, 10);
    const write = applyObject(
      fencedApi(own, fence),
      configMaps,
      configMap(namespace, "fenced", {}),
      { fieldManager },
    );
    await assert.rejects(write, LeadershipLost);
    assert.ok(checks > 2, `${checks} looks at the clock`);
    const fine = fencedApi(own, new Fence({ ...clock, now: () => 0 }, 10));
    assert.equal(await getObject(api, configMaps, { namespace, name: "fenced" }), undefined);
    await applyObject(fine, configMaps, configMap(namespace, "fenced", {}), { fieldManager });
    await own.close();
  });

  test("requests share connections, and closing ends them", async () => {
    const own = new HttpApi({ config: proxy.config, userAgent: "connections" });
    const before = proxy.connections;
    for (let count = 0; count < 20; count++)
      await getObject(own, configMaps, { namespace, name: "cut" });
    assert.ok(proxy.connections <= before + 1, `${proxy.connections} connections`);
    const open = proxy.connections;
    await own.close();
    await until("its connection to end", () => proxy.connections < open);
  });
});

const definitions: Resource = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  isNamespaced: false,
};

const widgetDefinition: KubeObject = {
  metadata: { name: "widgets.testing.cocktail.dev" },
  spec: {
    group: "testing.cocktail.dev",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    ],
  },
};
