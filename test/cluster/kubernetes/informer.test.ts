import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import {
  applyObject,
  deleteObject,
  HttpApi,
  Informer,
  type InformerOptions,
  keyOf,
  type KubeObject,
  labelIndex,
  listObjects,
} from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Fault, faultProxy, type FaultProxy, type Seen } from "../support/fault-proxy.ts";
import {
  configMap,
  configMaps,
  fieldManager,
  realApi,
  TestLog,
  unusedName,
  withNamespace,
} from "../support/kube.ts";

const namespace = unusedName("informer-faults");
const isWatch = (request: Seen): boolean => request.isWatch;
const isList = ({ isWatch, method }: Seen): boolean => method === "GET" && !isWatch;

describe("an informer on a real API server, through faults", () => {
  let real: HttpApi;
  let proxy: FaultProxy;
  let api: HttpApi;
  let log: TestLog;
  let owned: AsyncDisposable;
  let stop: AbortController;
  const running = new Set<Promise<void>>();

  before(async () => {
    real = realApi();
    owned = await withNamespace(real, namespace);
  });
  after(async () => {
    await owned[Symbol.asyncDispose]();
    await real.close();
  });
  beforeEach(async () => {
    proxy = await faultProxy();
    api = new HttpApi({ config: proxy.config, userAgent: "informer-test" });
    log = new TestLog();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(running);
    running.clear();
    await api.close();
    await proxy[Symbol.asyncDispose]();
    const { items } = await listObjects(real, configMaps, { namespace, labelSelector: "test" });
    await Promise.all(items.map(({ metadata }) => deleteObject(real, configMaps, metadata)));
  });

  const put = async (name: string, value: string, labels = {}): Promise<KubeObject> =>
    await applyObject(
      real,
      configMaps,
      configMap(namespace, name, { value }, { test: "yes", ...labels }),
      { fieldManager },
    );
  const remove = (name: string) => deleteObject(real, configMaps, { namespace, name });

  function start(more: Partial<InformerOptions> = {}): Informer {
    const informer = new Informer({
      api,
      resource: configMaps,
      namespace,
      labelSelector: "test",
      log,
      ...more,
      limits: { backoff: { firstMs: 10, longestMs: 200 }, resyncMs: 0, ...more.limits },
    });
    running.add(informer.run(stop.signal));
    return informer;
  }

  /** What handlers were told, and the state that follows from it. */
  function follow(informer: Informer): {
    readonly told: string[];
    readonly state: Map<string, unknown>;
  } {
    const told: string[] = [];
    const state = new Map<string, unknown>();
    const valueOf = ({ data }: KubeObject) => (data as { value?: string } | undefined)?.value;
    informer.subscribe({
      added: (object) => {
        assert.ok(!state.has(object.metadata.name), "added twice");
        state.set(object.metadata.name, valueOf(object));
        told.push(`added ${object.metadata.name}`);
      },
      updated: (object, before) => {
        assert.equal(
          state.get(object.metadata.name),
          valueOf(before),
          "updated from another state",
        );
        state.set(object.metadata.name, valueOf(object));
        told.push(`updated ${object.metadata.name}`);
      },
      deleted: ({ metadata: { name } }) => {
        assert.ok(state.delete(name), "deleted what was not there");
        told.push(`deleted ${name}`);
      },
    });
    return { told, state };
  }

  /** The cache, and what handlers know, equal to the API. */
  async function converges(informer: Informer, state: ReadonlyMap<string, unknown>): Promise<void> {
    const { items } = await listObjects(real, configMaps, { namespace, labelSelector: "test" });
    const versions = (objects: readonly KubeObject[]) =>
      objects.map(({ metadata }) => `${keyOf(metadata)} ${metadata.resourceVersion}`).toSorted();
    await until(
      "the cache to equal the API",
      () => {
        const { value } = informer.list();
        return versions(value).join() === versions(items).join();
      },
      { seen: () => [versions(informer.list().value), log.lines.slice(-5)] },
    );
    assert.deepEqual(
      [...state.keys()].toSorted(),
      items.map((one) => one.metadata.name).toSorted(),
    );
    log.assertNo(/handler of an informer failed/);
  }

  const changes = async (): Promise<void> => {
    await put("a", "2");
    await remove("b");
    await put("c", "1");
  };

  test("tells what is there, then every change, and knows up to where it has seen", async () => {
    await put("a", "1");
    await put("b", "1");
    const informer = start();
    const { told, state } = follow(informer);
    assert.equal(informer.hasSynced, false);
    await informer.synced(stop.signal);
    assert.deepEqual(told, ["added a", "added b"]);
    const first = informer.list().resourceVersion;
    await changes();
    await converges(informer, state);
    assert.deepEqual(told.slice(2), ["updated a", "deleted b", "added c"]);
    assert.notEqual(informer.list().resourceVersion, first);
    const { value } = informer.get({ namespace, name: "c" });
    assert.equal(value?.kind, "ConfigMap");
    const late = follow(informer);
    assert.deepEqual(late.told, ["added a", "added c"]);
  });

  test("lists in pages, and finds by label, by namespace and by an index of one's own", async () => {
    for (let count = 0; count < 7; count++)
      await put(`n-${count}`, `${count % 2}`, { odd: `${count % 2}` });
    const informer = start({
      limits: { pageSize: 2 },
      indexers: {
        odd: labelIndex("odd"),
        value: ({ data }) => [(data as { value: string }).value],
        broken: () => {
          throw new Error("a broken indexer");
        },
      },
    });
    await informer.synced(stop.signal);
    const names = (objects: readonly KubeObject[]) =>
      objects.map(({ metadata }) => metadata.name).toSorted();
    assert.deepEqual(names(informer.by("odd", "1").value), ["n-1", "n-3", "n-5"]);
    assert.equal(informer.by("namespace", namespace).value.length, 7);
    await put("n-1", "0", { odd: "0" });
    await until("the index to follow", () => informer.by("value", "0").value.length === 5);
    assert.deepEqual(names(informer.by("odd", "1").value), ["n-3", "n-5"]);
    assert.deepEqual(informer.by("broken", "x").value, []);
    assert.throws(() => informer.by("od", "1"), /no index od/);
    assert.ok(log.count(/indexer threw/) > 0);
    assert.ok(proxy.seen.filter(isList).length >= 4);
  });

  test("an object that leaves the selection is deleted for its handlers; fields select too", async () => {
    await put("a", "1");
    await put("b", "1");
    const informer = start({ fieldSelector: "metadata.name=a" });
    const { told } = follow(informer);
    await informer.synced(stop.signal);
    await applyObject(
      real,
      configMaps,
      { metadata: { namespace, name: "a" }, data: {} },
      { fieldManager },
    );
    await until("its deletion", () => told.includes("deleted a"));
    assert.deepEqual(told, ["added a", "deleted a"]);
    await remove("a");
  });

  const survives = (
    what: string,
    plant: () => void | Promise<void>,
    more: Partial<InformerOptions> = {},
  ): void => {
    test(`survives ${what}: nothing is missed and nothing told twice`, async () => {
      await put("a", "1");
      await put("b", "1");
      const informer = start(more);
      const { state } = follow(informer);
      await informer.synced(stop.signal);
      await until("its watch", () => proxy.seen.some(isWatch));
      await plant();
      await changes();
      await converges(informer, state);
      await put("d", "1");
      await converges(informer, state);
    });
  };

  const watches =
    (...faults: readonly Fault[]) =>
    () => {
      proxy.once(isWatch, ...faults);
      proxy.cut();
    };
  survives("a cut connection", () => proxy.cut());
  survives("connections that are dropped", watches({ kind: "drop" }, { kind: "drop" }));
  survives(
    "watches that end at once, many times",
    watches(...Array.from({ length: 20 }, (): Fault => ({ kind: "closeAtOnce" }))),
  );
  survives("410 as the answer", watches({ kind: "answer", status: 410, reason: "Expired" }));
  survives("410 as an event", watches({ kind: "watchError", status: 410, reason: "Expired" }));
  survives(
    "500 as an event, and 500 as an answer",
    watches(
      { kind: "watchError", status: 500, reason: "InternalError" },
      { kind: "answer", status: 500 },
    ),
  );
  survives("too many requests", watches({ kind: "answer", status: 429, retryAfterSeconds: 1 }));
  survives("403 for a while", watches({ kind: "answer", status: 403, reason: "Forbidden" }));
  survives(
    "events cut in the middle",
    watches({ kind: "truncate", bytes: 120 }, { kind: "truncate", bytes: 700 }),
  );
  survives("a slow watch", watches({ kind: "delay", ms: 500 }));
  survives("a watch that stays silent", watches({ kind: "halfOpen" }), {
    limits: { silenceMs: 500, watchSeconds: 1 },
  });
  survives("a watch that never answers", watches({ kind: "silent" }), {
    limits: { silenceMs: 500, watchSeconds: 1 },
  });
  survives(
    "lists that fail in every way",
    () => {
      proxy.once(isWatch, { kind: "watchError", status: 410, reason: "Expired" });
      proxy.once(
        isList,
        { kind: "answer", status: 500 },
        { kind: "drop" },
        { kind: "truncate", bytes: 200 },
        { kind: "answer", status: 410, reason: "Expired" },
        { kind: "answer", status: 410, reason: "Expired" },
        { kind: "silent" },
        { kind: "delay", ms: 300 },
      );
      proxy.cut();
    },
    { limits: { listTimeoutMs: 1_000 } },
  );

  test("a first list that fails is no synced cache", async () => {
    await put("a", "1");
    proxy.once(isList, { kind: "answer", status: 500 }, { kind: "truncate", bytes: 50 });
    const informer = start();
    const { told } = follow(informer);
    await until("the second try", () => proxy.seen.filter(isList).length >= 2);
    assert.equal(informer.hasSynced, false);
    await informer.synced(stop.signal);
    assert.deepEqual(told, ["added a"]);
  });

  test("an object that was replaced by another of its name while nobody watched is deleted and added", async () => {
    await put("a", "1");
    const informer = start();
    const { told } = follow(informer);
    await informer.synced(stop.signal);
    proxy.faultOf = (request) =>
      request.method === "GET" ? { kind: "answer", status: 503 } : undefined;
    proxy.cut();
    await remove("a");
    await put("a", "1");
    proxy.once(isWatch, { kind: "watchError", status: 410, reason: "Expired" });
    proxy.faultOf = () => undefined;
    await until("both", () => told.length === 3, { seen: () => told });
    assert.deepEqual(told, ["added a", "deleted a", "added a"]);
  });

  test("a handler that throws or rejects is reported, and stops neither the informer nor others", async () => {
    const informer = start();
    informer.subscribe({
      added: () => {
        throw new Error("thrown");
      },
    });
    informer.subscribe({ added: async () => await Promise.reject(new Error("rejected")) });
    const { told } = follow(informer);
    await informer.synced(stop.signal);
    await put("a", "1");
    await until("the good handler", () => told.length === 1);
    await until(
      "both reports",
      () => log.count(/handler of an informer failed: Error: (thrown|rejected)/) === 2,
    );
    await put("b", "1");
    await until("the good handler", () => told.length === 2);
  });

  test("a resync shows every object again", async () => {
    await put("a", "1");
    const informer = start({ limits: { resyncMs: 50 } });
    const { told } = follow(informer);
    await until("two resyncs", () => told.filter((one) => one === "updated a").length >= 2);
  });

  test("bookmarks move the position of an idle watch, so a new one needs no list", async () => {
    const informer = start({ limits: { watchSeconds: 3 } });
    await informer.synced(stop.signal);
    const first = informer.list().resourceVersion;
    // Of another kind of object, so that the watch itself has nothing to tell.
    await applyObject(
      real,
      configMaps,
      configMap("default", "elsewhere", { at: `${Date.now()}` }),
      { fieldManager },
    );
    await until("a bookmark", () => informer.list().resourceVersion !== first);
    await until("a third watch", () => proxy.seen.filter(isWatch).length >= 3);
    assert.equal(proxy.seen.filter(isList).length, 1);
    await deleteObject(real, configMaps, { namespace: "default", name: "elsewhere" });
  });
});
