import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { ControlPlaneError, type ObjectEvent } from "@cocktail/control-plane";
import type { VariantObject, VariantStatus } from "@cocktail/environment";
import {
  deleteObject,
  getObject,
  HttpApi,
  type KubeObject,
  objectPath,
} from "@cocktail/kubernetes";
import {
  KubernetesObjects,
  type KubernetesObjectsOptions,
  serviceVariants,
} from "@cocktail/operator/testing";
import { until } from "@cocktail/test-support";
import { connect } from "@cocktail/testbed";
import { applyOwnDefinitions, letGo } from "../support/definitions.ts";
import { faultProxy, type FaultProxy, type Seen } from "../support/fault-proxy.ts";
import { realApi, TestLog, unusedName, withNamespace } from "../support/kube.ts";
import { shell } from "../support/shell.ts";

const kind = "ServiceVariant";
const actor = { name: "token:test" };

describe("objects that users write", () => {
  let api: HttpApi;
  let home: string;
  let apart: string;
  let owned: readonly AsyncDisposable[];
  let objects: KubernetesObjects;
  let log: TestLog;
  let leftOut: { readonly name: string; readonly why: string }[];

  before(async () => {
    api = realApi();
    await applyOwnDefinitions(connect());
  });
  after(() => api.close());
  beforeEach(async () => {
    home = unusedName("users-home");
    apart = unusedName("users");
    owned = [await withNamespace(api, home), await withNamespace(api, apart)];
    leftOut = [];
    objects = open({ api });
  });
  afterEach(async () => {
    objects.close();
    for (const namespace of [home, apart]) await letGo(api, namespace);
    for (const each of owned) await each[Symbol.asyncDispose]();
  });

  function open(more: Partial<KubernetesObjectsOptions> = {}): KubernetesObjects {
    log = new TestLog();
    return new KubernetesObjects({
      api,
      log,
      home,
      scope: "cluster",
      // Variants of other suites are in other namespaces: they are no objects of this store.
      namespaceOf: () => apart,
      unreadable: ({ metadata }, why) => {
        if (metadata.namespace === home || metadata.namespace === apart)
          leftOut.push({ name: metadata.name, why });
      },
      ...more,
    });
  }

  const kubectl = (line: string): Promise<string> => shell(`kubectl -n ${apart} ${line}`);
  const apply = (yaml: string): Promise<string> =>
    kubectl(`apply -f - <<'END'\napiVersion: cocktail.dev/v1alpha1\n${yaml}\nEND`);
  const variant = (name: string, spec: string): string => {
    const [service, key] = name.split(".");
    return `kind: ServiceVariant\nmetadata:\n  name: ${name}\nspec:\n  service: ${service}\n  variant: ${key}\n${spec}`;
  };
  const raw = async (name: string): Promise<KubeObject> =>
    (await getObject(api, serviceVariants, { namespace: apart, name })) ?? assert.fail(name);
  const read = async (name: string): Promise<VariantObject> =>
    (await objects.get(kind, name)) ?? assert.fail(name);

  const serving = (generation: number): VariantStatus => ({
    observedGeneration: generation,
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "Serving",
        message: "answers",
        observedGeneration: generation,
        lastTransitionTime: "2026-01-01T00:00:00.000Z",
      },
    ],
    incarnations: [],
    lastIncarnation: 1,
    revision: "0123abc",
    url: "http://mp-1.cart.localhost",
  });

  /** As the engine does once it has seen the object. */
  async function serve(name: string): Promise<VariantObject> {
    const object = await read(name);
    const outcome = await objects.writeStatus(object, serving(object.generation));
    return outcome.kind === "written" ? outcome.object : assert.fail(outcome.kind);
  }

  test("an object with a lifetime in seconds, of pods that somebody else deploys", async () => {
    await apply(variant("cart.mp-1", "  ttlSeconds: 3600"));
    const object = await read("cart:mp-1");
    assert.deepEqual(object.spec, {
      service: "cart",
      key: "mp-1",
      rollout: 1,
      source: { kind: "pods" },
      onUnavailable: "Fail",
      expiresAt: object.createdAt + 3_600_000,
    });
    assert.equal(object.generation, 1);
    assert.equal(object.changedBy, undefined);
    assert.equal(object.status, undefined);
    // Nothing is made for it yet, so nothing holds it.
    assert.equal((await raw("cart.mp-1")).metadata.finalizers, undefined);
    const { items } = await objects.list(kind);
    assert.deepEqual(items, [object]);
  });

  test("the first status makes the deletion wait for the teardown", async () => {
    await apply(variant("cart.mp-1", "  ttlSeconds: 3600"));
    const object = await serve("cart:mp-1");
    assert.deepEqual((await raw("cart.mp-1")).metadata.finalizers, ["cocktail.dev/teardown"]);
    await kubectl("delete svar cart.mp-1 --wait=false");
    const deleted = await read("cart:mp-1");
    assert.equal(deleted.generation, object.generation);
    assert.ok(deleted.deletedAt !== undefined);
    assert.equal((await objects.release(deleted)).kind, "gone");
    assert.equal(await objects.get(kind, "cart:mp-1"), undefined);
  });

  test("another image is another rollout, another lifetime is none", async () => {
    const fork = (image: string, more = "") =>
      apply(
        variant(
          "cart.mp-1",
          `  fork:\n    image: ${image}\n    env: [{name: A, value: b}]\n${more}`,
        ),
      );
    await fork("cart:1");
    const first = await serve("cart:mp-1");
    const source = { kind: "fork", image: "cart:1", env: [{ name: "A", value: "b" }] };
    assert.deepEqual(first.spec.source, source);
    assert.equal(first.spec.rollout, 1);

    await fork("cart:1", "  ttlSeconds: 60");
    const longer = await serve("cart:mp-1");
    assert.equal(longer.spec.rollout, 1);
    assert.equal(longer.generation, 2);
    assert.equal(longer.spec.expiresAt, longer.createdAt + 60_000);

    await fork("cart:2", "  ttlSeconds: 60");
    const second = await read("cart:mp-1");
    assert.equal(second.spec.rollout, 2);
    assert.equal((await serve("cart:mp-1")).spec.rollout, 2);

    await kubectl(`patch svar cart.mp-1 --type=merge -p '{"spec":{"rollout":7}}'`);
    assert.equal((await serve("cart:mp-1")).spec.rollout, 7);
  });

  test("a write of the engine changes what it has to, and keeps the rest", async () => {
    await apply(variant("cart.mp-1", "  ttlSeconds: 60\n  fork: {image: 'cart:1'}"));
    const first = await serve("cart:mp-1");
    const before = await raw("cart.mp-1");
    const expiresAt = Date.UTC(2030, 0, 1);
    const spec = { ...first.spec, expiresAt };
    const outcome = await objects.writeSpec(first, spec, actor);
    assert.ok(outcome.kind === "written");
    assert.deepEqual(outcome.object.spec, spec);
    assert.equal(outcome.object.changedBy?.actor.name, actor.name);
    const { spec: after } = await raw("cart.mp-1");
    assert.deepEqual(after, {
      ...(before["spec"] as object),
      expiresAt: "2030-01-01T00:00:00.000Z",
    });

    // Once a user changes it, it is the user's again.
    await kubectl(`patch svar cart.mp-1 --type=merge -p '{"spec":{"branch":"a"}}'`);
    assert.equal((await read("cart:mp-1")).changedBy, undefined);
  });

  const refusals: Readonly<Record<string, readonly [yaml: string, says: RegExp]>> = {
    "another name": [
      variant("cart.mp-1", "").replace("name: cart.mp-1", "name: basket"),
      /metadata\.name must be <spec\.service>\.<spec\.variant>, here cart\.mp-1/,
    ],
    "a destination and a fork": [
      variant("cart.mp-1", "  fork: {}\n  destination: {host: a, port: 1}"),
      /destination and fork exclude each other/,
    ],
    "a service that is no label": [
      variant("cart.mp-1", "").replace("service: cart", "service: a.b"),
      /spec\.service/,
    ],
    "an unknown field": [variant("cart.mp-1", "  forks: {}"), /unknown field "spec\.forks"/],
    "an environment with the name of a built-in one": [
      "kind: Environment\nmetadata: {name: rc}\nspec: {}",
      /stable and rc are built in/,
    ],
    "a member twice": [
      "kind: Environment\nmetadata: {name: a}\nspec: {members: [{service: a, variant: b}, {service: a, variant: c}]}",
      /spec\.members\[1\]: Duplicate value/,
    ],
  };
  for (const [title, [yaml, says]] of Object.entries(refusals))
    test(`${title} is refused, and the message says why`, async () => {
      await assert.rejects(apply(yaml), says);
    });

  test("another service or variant is refused: it would be another object", async () => {
    await apply(variant("cart.mp-1", ""));
    for (const field of ["service", "variant"])
      await assert.rejects(
        kubectl(`patch svar cart.mp-1 --type=merge -p '{"spec":{"${field}":"other"}}'`),
        new RegExp(`${field} can't be changed`),
      );
  });

  test("kubectl explains, waits for and lists them", async () => {
    assert.match(await kubectl("explain svar.spec.variant"), /at most 40 lower-case letters/i);
    assert.match(await kubectl("explain benv.spec.onDelete"), /Discard deletes them all/);
    await apply(variant("cart.mp-1", "  expiresAt: '2030-01-01T00:00:00Z'"));
    const waiting = kubectl("wait --for=condition=Ready svar/cart.mp-1 --timeout=30s");
    await serve("cart:mp-1");
    assert.match(await waiting, /condition met/);
    const [head = "", line = ""] = (await kubectl("get svar")).split("\n");
    assert.match(head, /^NAME +SERVICE +VARIANT +REVISION +READY +REASON +EXPIRES +AGE$/);
    assert.match(
      line,
      /^cart\.mp-1 +cart +mp-1 +0123abc +True +Serving +2030-01-01T00:00:00\.000Z +\d+s$/,
    );
    const draft = {
      kind: "Environment",
      name: "ops-1",
      spec: { parent: "rc", members: { cart: "mp-1" } },
    } as const;
    const made = await objects.create(draft, actor);
    const { conditions, url } = serving(1);
    await objects.writeStatus(made.object, { observedGeneration: 1, conditions, url });
    const wide = await shell(`kubectl -n ${home} get benv -o wide`);
    const [, found = ""] = wide.split("\n");
    assert.match(wide, /^NAME +PARENT +READY +REASON +MEMBERS +EXPIRES +AGE +URL\n/);
    assert.match(
      found,
      /^ops-1 +rc +True +Serving +1 member +\d+s +http:\/\/mp-1\.cart\.localhost$/,
    );
    const both = await shell(`kubectl -n ${home} get cocktail`);
    assert.match(both, /environment\.cocktail\.dev\/ops-1/);
    assert.doesNotMatch(both, /record/);
  });

  test("an object that can't be read is left out of lists and watches, and reported", async () => {
    const { from } = await objects.list(kind);
    // The API server doesn't look at the offset.
    await apply(variant("cart.mp-1", "  expiresAt: '2030-01-01T00:00:00+99:99'"));
    await apply(variant("cart.mp-2", ""));
    assert.equal(await objects.get(kind, "cart:mp-1"), undefined);
    assert.deepEqual(await names(), ["cart:mp-2"]);
    assert.match(leftOut[0]?.why ?? "", /spec\.expiresAt: is not a time that can be read/);
    const events = await eventsUntil(from, ({ object }) => object.name === "cart:mp-2");
    assert.deepEqual(events, ["put cart:mp-2"]);
    await kubectl("delete svar cart.mp-1");
  });

  test("an object that can't be read any more is still told to be removed", async () => {
    await apply(variant("cart.mp-1", ""));
    const { from } = await objects.list(kind);
    await kubectl(
      `patch svar cart.mp-1 --type=merge -p '{"spec":{"expiresAt":"2030-01-01T00:00:00+99:99"}}'`,
    );
    await kubectl("delete svar cart.mp-1");
    const events = await eventsUntil(from, ({ change }) => change === "removed");
    assert.deepEqual(events, ["removed cart:mp-1"]);
  });

  test("an object in another namespace than that of its service is none", async () => {
    const { from } = await objects.list(kind);
    await shell(
      `kubectl -n ${home} apply -f - <<'END'\napiVersion: cocktail.dev/v1alpha1\n${variant("cart.mp-1", "")}\nEND`,
    );
    assert.equal(await objects.get(kind, "cart:mp-1"), undefined);
    assert.deepEqual(await names(), []);
    assert.match(leftOut[0]?.why ?? "", /no ServiceVariant cart:mp-1 is expected in namespace/);
    await shell(`kubectl -n ${home} delete svar cart.mp-1`);
    await apply(variant("cart.mp-2", ""));
    assert.deepEqual(await eventsUntil(from, () => true), ["put cart:mp-2"]);
  });

  test("a foreign finalizer or condition is left to who set it", async () => {
    await apply(variant("cart.mp-1", ""));
    await kubectl(
      `patch svar cart.mp-1 --type=merge -p '{"metadata":{"finalizers":["example.com/other"]}}'`,
    );
    const foreign = {
      type: "Other",
      status: "True",
      reason: "Foreign",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    const status = JSON.stringify({ status: { conditions: [foreign] } });
    await kubectl(`patch svar cart.mp-1 --subresource=status --type=merge -p '${status}'`);
    const object = await serve("cart:mp-1");
    assert.deepEqual(
      object.status?.conditions.map(({ type }) => type),
      ["Ready"],
    );
    const found = await raw("cart.mp-1");
    assert.deepEqual(
      (found["status"] as { readonly conditions: readonly unknown[] }).conditions.at(-1),
      foreign,
    );
    await kubectl("delete svar cart.mp-1 --wait=false");
    assert.equal((await objects.release(await read("cart:mp-1"))).kind, "gone");
    const { finalizers } = (await raw("cart.mp-1")).metadata;
    assert.deepEqual(finalizers, ["example.com/other"]);
    await kubectl(`patch svar cart.mp-1 --type=merge -p '{"metadata":{"finalizers":null}}'`);
  });

  const names = async (): Promise<readonly string[]> =>
    (await objects.list(kind)).items.map(({ name }) => name);

  async function eventsUntil(
    from: string,
    isLast: (event: ObjectEvent<"ServiceVariant">) => boolean,
  ): Promise<readonly string[]> {
    const seen: string[] = [];
    for await (const event of objects.watch(kind, from, AbortSignal.timeout(20_000))) {
      seen.push(`${event.change} ${event.object.name}`);
      if (isLast(event)) return seen;
    }
    return assert.fail(`the watch only told ${seen.join(", ")}`);
  }

  describe("through faults", () => {
    let proxy: FaultProxy;
    let faulty: HttpApi;
    let through: KubernetesObjects;
    const isWatch = (request: Seen): boolean => request.isWatch;

    beforeEach(async () => {
      proxy = await faultProxy();
      faulty = new HttpApi({ config: proxy.config, userAgent: "objects-test" });
      through = open({ api: faulty, watchSeconds: 3 });
    });
    afterEach(async () => {
      through.close();
      await faulty.close();
      await proxy[Symbol.asyncDispose]();
    });

    test("a watch survives cuts, errors and its regular end, and loses nothing", async () => {
      const { from } = await through.list(kind);
      const seen: string[] = [];
      const watching = (async () => {
        const signal = AbortSignal.timeout(60_000);
        for await (const { change, object } of through.watch(kind, from, signal)) {
          seen.push(`${change} ${object.name}`);
          if (change === "removed") return;
        }
      })();
      await apply(variant("cart.mp-1", ""));
      await until("the first", () => seen.length === 1);
      proxy.once(
        isWatch,
        { kind: "drop" },
        { kind: "answer", status: 503 },
        { kind: "closeAtOnce" },
      );
      proxy.cut();
      await apply(variant("cart.mp-2", ""));
      await until("the second", () => seen.length === 2);
      const before = proxy.seen.filter(isWatch).length;
      await until("another watch", () => proxy.seen.filter(isWatch).length > before + 1);
      await kubectl("delete svar cart.mp-2");
      await watching;
      assert.deepEqual(seen, ["put cart:mp-1", "put cart:mp-2", "removed cart:mp-2"]);
      const lists = proxy.seen.filter(({ method, isWatch }) => method === "GET" && !isWatch);
      assert.equal(lists.length, 1, "it was resumed, not listed again");
    });

    test("a watch whose history is gone throws WATCH_EXPIRED", async () => {
      const { from } = await through.list(kind);
      proxy.once(isWatch, { kind: "watchError", status: 410, reason: "Expired" });
      const watch = through.watch(kind, from, AbortSignal.timeout(20_000));
      await assert.rejects(watch.next(), (error) => ControlPlaneError.is(error, "WATCH_EXPIRED"));
    });

    test("a watch from a version that the API server never had throws WATCH_EXPIRED", async () => {
      const watch = through.watch(kind, "99999999999", AbortSignal.timeout(20_000));
      await assert.rejects(watch.next(), (error) => ControlPlaneError.is(error, "WATCH_EXPIRED"));
    });

    test("calls reject with STORE_UNAVAILABLE while the API server is away", async () => {
      await apply(variant("cart.mp-1", ""));
      const object = await read("cart:mp-1");
      const unavailable = (error: unknown) => ControlPlaneError.is(error, "STORE_UNAVAILABLE");
      for (const fault of [{ kind: "drop" }, { kind: "answer", status: 500 }] as const) {
        proxy.faultOf = () => fault;
        await assert.rejects(through.get(kind, "cart:mp-1"), unavailable);
        await assert.rejects(through.list(kind), unavailable);
        await assert.rejects(through.writeSpec(object, object.spec, actor), unavailable);
        await assert.rejects(through.writeStatus(object, serving(1)), unavailable);
        await assert.rejects(through.delete(object, actor), unavailable);
        await assert.rejects(through.release(object), unavailable);
        const draft = { kind, name: "cart:mp-2", spec: { ...object.spec, key: "mp-2" } } as const;
        await assert.rejects(through.create(draft, actor), unavailable);
      }
    });
  });

  test("a status is a resource of its own: what a user applies doesn't touch it", async () => {
    const path = objectPath(serviceVariants, { namespace: apart, name: "cart.mp-1" });
    await apply(variant("cart.mp-1", "status: {lastIncarnation: 5}"));
    const found = (await api.request({ method: "GET", path })) as KubeObject;
    assert.equal(found["status"], undefined);
    await deleteObject(api, serviceVariants, found.metadata);
  });
});
