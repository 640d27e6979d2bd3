import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  describeRouteTableStore,
  describeWriters,
  sampleContent,
  type TablesFixture,
  withVariant,
} from "@cocktail/control-plane/testing";
import {
  type Api,
  ApiUnreachable,
  deleteObject,
  HttpApi,
  type KubeObject,
  listObjects,
  patchObject,
  type PatchStep,
} from "@cocktail/kubernetes";
import { KubernetesTables, type KubernetesTablesOptions } from "@cocktail/operator/testing";
import type { RouteTable, TableContent } from "@cocktail/route";
import { until } from "@cocktail/test-support";
import { type Fault, type FaultProxy, faultProxy, type Seen } from "../support/fault-proxy.ts";
import {
  configMaps,
  fieldManager,
  realApi,
  TestLog,
  unusedName,
  withNamespace,
} from "../support/kube.ts";

let real: HttpApi;
before(() => {
  real = realApi();
});
after(() => real.close());

interface Place extends AsyncDisposable {
  readonly namespace: string;
  readonly log: TestLog;
  open(more?: Partial<KubernetesTablesOptions>): KubernetesTables;
  /** Its ConfigMaps, without those of Kubernetes. */
  objects(): Promise<readonly KubeObject[]>;
}

/** A namespace, and the stores that were opened in it. */
async function place(): Promise<Place> {
  const namespace = unusedName("tables");
  const owned = await withNamespace(real, namespace);
  const log = new TestLog();
  const opened: KubernetesTables[] = [];
  return {
    namespace,
    log,
    open: (more = {}) => {
      const backoff = { firstMs: 10, longestMs: 200 };
      const tables = new KubernetesTables({ api: real, namespace, log, backoff, ...more });
      opened.push(tables);
      return tables;
    },
    objects: async () => {
      const labelSelector = "app.kubernetes.io/managed-by=cocktail";
      return (await listObjects(real, configMaps, { namespace, labelSelector })).items;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(opened.map((tables) => tables.close()));
      await owned[Symbol.asyncDispose]();
    },
  };
}

const fixtureOf =
  (limits: KubernetesTablesOptions["limits"]) => async (): Promise<TablesFixture> => {
    const at = await place();
    return {
      store: { tables: at.open({ limits }) },
      another: () => Promise.resolve({ tables: at.open({ limits }) }),
      [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
    };
  };

/** Segments of a few epochs. */
const small = { recentEpochs: 8 };

for (const [name, limits] of [
  ["in one object", {}],
  ["in many segments", small],
] as const)
  describe(`route tables in Kubernetes, ${name}`, () => {
    describeRouteTableStore(fixtureOf(limits));
    describeWriters(fixtureOf(limits));
  });

/** Appends one change of one variant after another, and returns every table. */
async function publish(tables: KubernetesTables, count: number): Promise<readonly RouteTable[]> {
  const made = [await tables.head()];
  for (let step = 1; step <= count; step++) {
    const head = made.at(-1) ?? assert.fail();
    const content = withVariant(
      head,
      `service-${step % 5}`,
      `mp-${step % 7}`,
      `r${head.epoch + 1}`,
    );
    const outcome = await tables.append(head.epoch, content);
    assert.equal(outcome.kind, "appended");
    made.push(outcome.kind === "appended" ? outcome.table : assert.fail());
  }
  return made;
}

const isSegment = ({ metadata }: KubeObject): boolean => metadata.name !== "cocktail-table";

async function assertHistory(tables: KubernetesTables, made: readonly RouteTable[]): Promise<void> {
  const { historyFloor } = await tables.head();
  for (const table of made) {
    const found = await tables.at(table.epoch);
    const wanted = table.epoch < historyFloor ? undefined : { ...table, historyFloor };
    assert.deepEqual(found, wanted, `epoch ${table.epoch}`);
  }
}

describe("the history of route tables in Kubernetes", () => {
  test("moves into segments that never change; every one of several hundred epochs is answered", async () => {
    await using at = await place();
    const made = await publish(at.open({ limits: small }), 300);
    const segments = (await at.objects()).filter(isSegment);
    assert.ok(segments.length > 50, `only ${segments.length} segments`);
    assert.ok(segments.every(({ immutable }) => immutable === true));
    await assertHistory(at.open(), made);
  });

  test("is cut by size as well as by count", async () => {
    await using at = await place();
    const made = await publish(at.open({ limits: { recentBytes: 2_000, segmentBytes: 500 } }), 100);
    const segments = (await at.objects()).filter(isSegment);
    assert.ok(segments.length > 10, `only ${segments.length} segments`);
    await assertHistory(at.open(), made);
  });

  test("pruning deletes the segments that nothing needs", async () => {
    await using at = await place();
    const tables = at.open({ limits: small });
    const made = await publish(tables, 30);
    const middle = new Date();
    // Times are whole milliseconds: the next epoch must not have that of the last one.
    await until("the next millisecond", () => Date.now() > middle.getTime());
    const more = (await publish(tables, 30)).slice(1);
    const before = (await at.objects()).length;
    assert.equal(await at.open().prune(middle), 30);
    const kept = (await at.objects()).filter(isSegment);
    assert.ok(kept.length > 0 && kept.length < before - 3, `${kept.length} of ${before} are left`);
    await assertHistory(at.open(), [...made, ...more]);
    assert.equal(await tables.prune(new Date(Date.now() + 60_000)), 60);
    assert.deepEqual((await at.objects()).filter(isSegment), []);
    await assertHistory(at.open(), [...made, ...more]);
    assert.equal((await publish(tables, 20)).at(-1)?.epoch, 80);
  });

  test("a writer that ends between segment and head loses nothing, and its segment is used again", async () => {
    await using at = await place();
    const made = await publish(at.open({ limits: small }), 12);
    const next = withVariant(made[12] ?? assert.fail(), "crash", "mp-1", "r1");
    const before = names(await at.objects());
    // Epoch 13 would be one more than the head may hold.
    for (const again of ["created", "there already"]) {
      const doomed = at.open({ api: endsAfterCreating(real), limits: small });
      await assert.rejects(doomed.append(12, next), { code: "STORE_UNAVAILABLE" }, again);
    }
    const left = names(await at.objects());
    assert.equal(left.length, before.length + 1);
    const tables = at.open({ limits: small });
    assert.equal((await tables.head()).epoch, 12);
    assert.equal((await tables.append(12, next)).kind, "appended");
    assert.deepEqual(names(await at.objects()), left);
    await assertHistory(at.open(), made);
  });

  test("a segment that no head came to need is swept, and those that are needed stay", async () => {
    await using at = await place();
    const made = await publish(at.open({ limits: small }), 12);
    const before = names(await at.objects());
    const next = withVariant(made[12] ?? assert.fail(), "crash", "mp-1", "r1");
    const doomed = at.open({ api: endsAfterCreating(real), limits: { recentEpochs: 4 } });
    await assert.rejects(doomed.append(12, next), { code: "STORE_UNAVAILABLE" });
    const orphan =
      names(await at.objects()).find((name) => !before.includes(name)) ?? assert.fail();
    const tables = at.open({ limits: small });
    // It might still become a part of the history: its writer may only be slow.
    await tables.prune(new Date(0));
    assert.ok(names(await at.objects()).includes(orphan));
    const more = await publish(tables, 20);
    await tables.prune(new Date(0));
    assert.ok(!names(await at.objects()).includes(orphan));
    await assertHistory(at.open(), [...made, ...more]);
  });

  test("a segment that is gone, and content that nobody wrote, are STORE_CORRUPT, and appends go on", async () => {
    await using at = await place();
    const tables = at.open({ limits: small });
    await publish(tables, 30);
    const segment = (await at.objects()).find(isSegment) ?? assert.fail();
    await deleteObject(real, configMaps, segment.metadata);
    await assert.rejects(tables.at(0), {
      code: "STORE_CORRUPT",
      message: /cocktail-table-.* missing/,
    });
    assert.equal((await publish(tables, 1)).length, 2);
    const bomb = gzipSync(Buffer.alloc(80 * 2 ** 20));
    for (const content of [Buffer.alloc(0), Buffer.from("no gzip"), gzipSync("{}"), bomb]) {
      const text = content.toString("base64");
      await patch(at, [
        { op: "replace", path: "/binaryData", value: { "document.json.gz": text } },
      ]);
      await assert.rejects(tables.head(), { code: "STORE_CORRUPT" });
      await assert.rejects(tables.append(31, sampleContent({})), { code: "STORE_CORRUPT" });
    }
  });

  test("a table that no ConfigMap holds is refused with its size; the largest one can be replaced whole", async () => {
    await using at = await place();
    const tables = at.open();
    await assert.rejects(tables.append(0, incompressible(800)), {
      code: "TABLE_INVALID",
      message: /^the table of epoch 1, with 800 variants .* [0-9,]{9} bytes .* 917,504$/,
    });
    assert.equal((await tables.head()).epoch, 0);
    const made = [await tables.head()];
    for (let round = 0; round < 3; round++) {
      const outcome = await tables.append(round, incompressible(580));
      made.push(outcome.kind === "appended" ? outcome.table : assert.fail());
    }
    await assertHistory(at.open(), made);
  });
});

describe("route tables in Kubernetes, through faults", () => {
  let proxy: FaultProxy;
  let api: HttpApi;
  beforeEach(async () => {
    proxy = await faultProxy();
    api = new HttpApi({ config: proxy.config, userAgent: "test", limits: { tries: 1 } });
  });
  afterEach(async () => {
    await api.close();
    await proxy[Symbol.asyncDispose]();
  });

  test("of several that create the first table at once one wins", async () => {
    await using at = await place();
    const heads = await Promise.all(Array.from({ length: 8 }, () => at.open().head()));
    assert.equal(new Set(heads.map(({ tag }) => tag)).size, 1);
  });

  test("a watch goes on after connections are cut, 410, an outage and lost watches", async () => {
    await using at = await place();
    const writer = at.open();
    const seen: number[] = [];
    const stop = new AbortController();
    const watched = at.open({ api });
    const watching = [1, 2, 3].map(async () => {
      for await (const { epoch } of watched.watch(undefined, stop.signal)) seen.push(epoch);
    });
    const reaches = async (epoch: number): Promise<void> => {
      await until(`epoch ${epoch} at every watcher`, () => count(seen, epoch) === 3, {
        seen: () => seen,
      });
    };
    await reaches(0);
    const isWatch = (request: Seen): boolean => request.isWatch;
    const faults: readonly (() => void)[] = [
      () => undefined,
      () => proxy.once(isWatch, { kind: "watchError", status: 410, reason: "Expired" }),
      () => proxy.once(isWatch, { kind: "answer", status: 410, reason: "Expired" }),
      () => proxy.once(isWatch, { kind: "answer", status: 500 }, { kind: "closeAtOnce" }),
      () => proxy.once(() => true, ...Array.from({ length: 4 }, () => ({ kind: "drop" }) as const)),
    ];
    for (const [step, plant] of faults.entries()) {
      plant();
      proxy.cut();
      await publish(writer, 1);
      await reaches(step + 1);
    }
    const reads = proxy.seen.filter((each) => each.method === "GET" && !each.isWatch).length;
    assert.ok(reads < 40, `it polls: ${reads} reads`);
    stop.abort();
    await Promise.all(watching);
  });

  test("the head is never older than the append of another store, though no watch tells of it", async () => {
    await using at = await place();
    proxy.faultOf = ({ isWatch }) => (isWatch ? { kind: "drop" } : undefined);
    const blind = at.open({ api });
    const writer = at.open();
    for (let epoch = 1; epoch <= 5; epoch++) {
      await publish(writer, 1);
      assert.equal((await blind.head()).epoch, epoch);
    }
    await publish(blind, 3);
    const head = await blind.head();
    assert.equal(head.epoch, 8);
    const watch = blind.watch(undefined, AbortSignal.timeout(20_000));
    for await (const table of watch) {
      assert.deepEqual(table, head);
      break;
    }
  });

  test("what passes is STORE_UNAVAILABLE, and a write whose answer is lost may have been executed", async () => {
    await using at = await place();
    const tables = at.open({ api });
    await tables.head();
    const isRead = ({ method, isWatch }: Seen): boolean => method === "GET" && !isWatch;
    const passing: readonly Fault[] = [
      { kind: "drop" },
      { kind: "answer", status: 500 },
      { kind: "answer", status: 503 },
      { kind: "answer", status: 429 },
      { kind: "truncate", bytes: 30 },
    ];
    for (const fault of passing) {
      const calls = [
        () => tables.head(),
        () => tables.at(0),
        () => tables.prune(new Date(0)),
        () => tables.append(0, sampleContent({ a: { stable: "r1" } })),
      ];
      for (const call of calls) {
        proxy.once(isRead, fault);
        await assert.rejects(call(), { code: "STORE_UNAVAILABLE" }, JSON.stringify(fault));
      }
    }
    proxy.once(({ method }) => method === "PUT", { kind: "loseAnswer" });
    const content = sampleContent({ a: { stable: "r1" } });
    await assert.rejects(tables.append(0, content), { code: "STORE_UNAVAILABLE" });
    assert.equal((await tables.head()).epoch, 1);
    assert.equal((await tables.append(1, content)).kind, "unchanged");
  });

  test("the head that somebody deleted begins a new history, which watchers get", async () => {
    await using at = await place();
    const tables = at.open({ limits: small });
    const made = await publish(tables, 20);
    const tags: string[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { tag } of tables.watch(undefined, stop.signal)) tags.push(tag);
    })();
    await until("the old head", () => tags.length === 1);
    await deleteObject(real, configMaps, { namespace: at.namespace, name: "cocktail-table" });
    await until("the new head", () => tags.length === 2);
    const head = await tables.head();
    assert.deepEqual([head.epoch, head.tag], [0, tags[1]]);
    assert.notEqual(head.tag, made[0]?.tag);
    assert.equal(await tables.at(3), undefined);
    await tables.prune(new Date(0));
    assert.deepEqual((await at.objects()).filter(isSegment), []);
    stop.abort();
    await watching;
  });

  test("labels of others stay, and whose the objects are is told", async () => {
    await using at = await place();
    const tables = at.open();
    await tables.head();
    await patch(at, [{ op: "add", path: "/metadata/labels/team", value: "deck" }]);
    await publish(tables, 1);
    const [head] = await at.objects();
    assert.equal(head?.metadata.labels?.["team"], "deck");
    assert.equal(head?.metadata.labels?.["app.kubernetes.io/managed-by"], "cocktail");
    const { tag } = await tables.head();
    assert.deepEqual(head?.["data"], { epoch: "1", tag, historyFloor: "0" });
  });
});

const names = (objects: readonly KubeObject[]): readonly string[] =>
  objects.map(({ metadata }) => metadata.name).toSorted();

const count = (seen: readonly number[], epoch: number): number =>
  seen.filter((one) => one === epoch).length;

/** As if the process ended as soon as it had created a segment. */
function endsAfterCreating(api: Api): Api {
  return {
    stream: (request) => api.stream(request),
    request: async (request) => {
      if (request.method !== "POST") return await api.request(request);
      await api.request(request).catch(() => undefined);
      throw new ApiUnreachable("planted: the process ended");
    },
  };
}

/** About 1.5 kB of a variant are left when it is compressed. */
function incompressible(variants: number): TableContent {
  const revisions = Array.from({ length: variants }, (_, at) => [
    `mp-${at}`,
    randomBytes(1_536).toString("base64"),
  ]);
  return sampleContent({ big: Object.fromEntries(revisions) as Record<string, string> });
}

async function patch({ namespace }: Place, steps: readonly PatchStep[]): Promise<void> {
  await patchObject(
    real,
    configMaps,
    { namespace, name: "cocktail-table", steps },
    { fieldManager },
  );
}
