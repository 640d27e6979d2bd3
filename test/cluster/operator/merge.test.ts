import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  deleteObject,
  getObject,
  type HttpApi,
  type KubeObject,
  patchObject,
  replaceObject,
} from "@cocktail/kubernetes";
import { legacyFinalizer } from "@cocktail/mesh";
import { until } from "@cocktail/test-support";
import { type Cluster, connect, meshNamespace, type TestObject } from "@cocktail/testbed";
import { fieldManager, realApi } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import {
  oldOperator,
  plainTarget,
  podlessService,
  removeMerge,
  stableRoute,
} from "../support/merge-fixtures.ts";
import {
  applyDefinitions,
  branchMerge,
  conditionsOf,
  merged,
  mergeKind,
  routeNames,
  startOperator,
  virtualServices,
} from "../support/merges.ts";

const namespace = "merge-targets";
const branches = "merge-branches";

const base = ["stable"];

describe("the operator and VirtualServiceMerges", () => {
  let api: HttpApi;
  let cluster: Cluster;
  let operator: LinesProcess;

  before(async () => {
    api = realApi();
    cluster = connect();
    await cluster.apply(meshNamespace(namespace), meshNamespace(branches));
    await applyDefinitions(cluster);
    await cluster.apply(podlessService(namespace, "stable"), podlessService(namespace, "branch"));
    operator = startOperator([namespace, branches]);
    await operator.says(/"msg":"leads"/);
  });
  after(async () => {
    for (const where of [namespace, branches])
      for (const kind of Object.values(mergeKind)) await deleteAll(kind, where);
    operator.signal("SIGTERM");
    await operator.exited;
    await cluster.remove(meshNamespace(namespace), meshNamespace(branches));
    await api.close();
  });

  async function deleteAll(kind: typeof mergeKind.deck, where: string): Promise<void> {
    await api.request({
      method: "DELETE",
      path: `/apis/${kind.apiVersion}/namespaces/${where}/${kind.plural}`,
    });
    await until(`no ${kind.apiVersion} in ${where}`, async () => {
      const path = `/apis/${kind.apiVersion}/namespaces/${where}/${kind.plural}`;
      const list = (await api.request({ method: "GET", path })) as { readonly items: unknown[] };
      return list.items.length === 0;
    });
  }

  const read = (name: string): Promise<KubeObject | undefined> =>
    getObject(api, virtualServices, { namespace, name });
  const namesIn = async (name: string): Promise<readonly string[]> => routeNames(await read(name));
  const specOf = async (name: string): Promise<unknown> => (await read(name))?.["spec"];
  const merge = (name: string, to: string, key = "mp-101", host = "branch"): TestObject =>
    branchMerge(namespace, name, { target: { name: to }, key, host });
  const remove = (name: string, where = namespace): Promise<void> =>
    removeMerge(api, { namespace: where, name });

  test("a merge is in the target, says where, and its deletion gives the base back before it ends", async () => {
    await cluster.apply(plainTarget(namespace, "life"));
    const before = await read("life");
    await cluster.apply(merge("life-a", "life"));
    const object = await merged(api, { namespace, name: "life-a" });
    assert.deepEqual(conditionsOf(object), {
      Accepted: "True Accepted",
      TargetResolved: "True TargetResolved",
      Programmed: "True Programmed",
      Conflict: "False NoConflict",
    });
    const [name = "", ...rest] = await namesIn("life");
    assert.match(name, /^cocktail\.merge-targets\.life-a\.[0-9a-f]{8}$/);
    assert.deepEqual(rest, base);
    const { observedGeneration, routes } = object["status"] as Readonly<Record<string, unknown>>;
    assert.deepEqual([observedGeneration, routes], [1, [{ kind: "http", name }]]);
    await remove("life-a");
    const last = await read("life");
    assert.deepEqual(last?.["spec"], before?.["spec"]);
    assert.equal(last?.metadata.annotations, undefined);
  });

  test("a patch that shrinks, a new target and a target in another namespace leave nothing behind", async () => {
    await cluster.apply(plainTarget(namespace, "first"), plainTarget(namespace, "second"));
    const where = { namespace: branches, name: "moves" };
    const to = (name: string): TestObject =>
      branchMerge(branches, "moves", {
        target: { name, namespace },
        key: "mp-101",
        host: "branch",
      });
    await cluster.apply(to("first"));
    await merged(api, where);
    assert.equal((await namesIn("first")).length, 2);
    await cluster.apply(to("second"));
    await until("it to move", async () => (await namesIn("second")).length === 2);
    await until("the old target to be free", async () => (await namesIn("first")).length === 1);
    await remove("moves", branches);
    for (const name of ["first", "second"]) assert.deepEqual(await namesIn(name), base);
  });

  test("a merge whose target is missing waits for it, and one that names none says so", async () => {
    await cluster.apply(merge("early", "late"), merge("nameless", ""));
    await merged(api, { namespace, name: "early" }, { is: "False TargetNotFound" });
    await merged(api, { namespace, name: "nameless" }, { is: "False NoTarget" });
    await cluster.apply(plainTarget(namespace, "late"));
    await merged(api, { namespace, name: "early" });
    assert.equal((await namesIn("late")).length, 2);
    // A target that is deleted is no reason to keep a merge.
    await deleteObject(api, virtualServices, { namespace, name: "late" });
    await remove("early");
    await remove("nameless");
  });

  test("after a wipe by an apply of the chart the routes are back, and an Event says so", async () => {
    await cluster.apply(plainTarget(namespace, "wiped"), merge("wiped-a", "wiped"));
    await merged(api, { namespace, name: "wiped-a" });
    const routes = await namesIn("wiped");
    const chart = plainTarget(namespace, "wiped", [{ ...stableRoute, timeout: "3s" }]);
    await cluster.apply(chart);
    await until("the routes to be back", async () => (await namesIn("wiped")).length === 2);
    assert.deepEqual(await namesIn("wiped"), routes);
    const spec = (await specOf("wiped")) as { readonly http: readonly Record<string, unknown>[] };
    assert.equal(spec.http[1]?.["timeout"], "3s");
    await until("the Event", async () => {
      const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
      return JSON.stringify(await api.request({ method: "GET", path })).includes("RoutesRestored");
    });
    await remove("wiped-a");
  });

  test("a patch that Istio refuses is told so in Istio's words, and holds up nobody else", async () => {
    await cluster.apply(plainTarget(namespace, "shared"), merge("shared-good", "shared"));
    await merged(api, { namespace, name: "shared-good" });
    const bad = merge("shared-bad", "shared", "mp-666");
    const http = [
      {
        match: [{ headers: { "x-branch": { exact: "mp-666" } } }],
        route: [{ destination: { host: "branch" } }],
        // Nothing but Istio itself checks this.
        corsPolicy: { maxAge: "never" },
      },
    ];
    const { target: to } = bad["spec"] as { readonly target: object };
    await cluster.apply({ ...bad, spec: { target: to, patch: { http } } });
    const refused = await merged(
      api,
      { namespace, name: "shared-bad" },
      { type: "Accepted", is: "False WriteRefused" },
    );
    assert.match(JSON.stringify(refused["status"]), /maxAge|duration/);
    await cluster.apply(merge("shared-late", "shared", "mp-103"));
    await merged(api, { namespace, name: "shared-late" });
    assert.equal((await namesIn("shared")).length, 3);
    // Mended, it is merged.
    await cluster.apply(bad);
    await merged(api, { namespace, name: "shared-bad" });
    assert.equal((await namesIn("shared")).length, 4);
    for (const name of ["shared-good", "shared-bad", "shared-late"]) await remove(name);
    assert.deepEqual(await namesIn("shared"), base);
  });

  test("of two merges for the same requests the older one gets them, and the younger one is told so", async () => {
    await cluster.apply(plainTarget(namespace, "contested"), merge("contested-b", "contested"));
    await merged(api, { namespace, name: "contested-b" });
    // Ages are seconds.
    await until("the next second", () => new Date().getMilliseconds() < 50, { ms: 2_000 });
    await cluster.apply(merge("contested-a", "contested"));
    await merged(
      api,
      { namespace, name: "contested-a" },
      { type: "Conflict", is: "True EqualMatch" },
    );
    const names = await namesIn("contested");
    assert.deepEqual(
      names.map((name) => /contested-[ab]/.exec(name)?.[0]),
      ["contested-b", "contested-a", undefined],
    );
    for (const name of ["contested-a", "contested-b"]) await remove(name);
  });

  test("routes and the finalizer of the old operator are taken over in one write", async () => {
    const route = {
      match: [{ headers: { "x-branch": { exact: "mp-101" } } }],
      route: [{ destination: { host: "branch" } }],
    };
    await cluster.apply(
      plainTarget(namespace, "adopted", [{ ...route, name: "adopted-a-0" }, stableRoute]),
    );
    const object = merge("adopted-a", "adopted");
    await cluster.apply({
      ...object,
      apiVersion: mergeKind.upstream.apiVersion,
      metadata: { ...object.metadata, finalizers: [legacyFinalizer] } as TestObject["metadata"],
    });
    const at = { namespace, name: "adopted-a" };
    const adopted = await merged(api, at, { kind: mergeKind.upstream });
    assert.deepEqual(adopted.metadata.finalizers, ["cocktail.dev/merge"]);
    assert.equal((await namesIn("adopted")).length, 2);
    await deleteObject(api, mergeKind.upstream, at);
    await until("the base", async () => (await namesIn("adopted")).join() === "stable");
  });

  test("beside the old operator nothing is written until it is gone", async () => {
    await cluster.apply(plainTarget(namespace, "rival"));
    const old = oldOperator(namespace);
    await cluster.apply(old);
    await cluster.readyPods(namespace, "app=old");
    await cluster.apply(merge("rival-a", "rival"));
    const told = await merged(
      api,
      { namespace, name: "rival-a" },
      { type: "Accepted", is: "False OldOperatorRuns" },
    );
    assert.match(JSON.stringify(told["status"]), /Deployment merge-targets\/old-merger/);
    // It may have been merged in the moment before.
    const before = await specOf("rival");
    await cluster.apply(merge("rival-a", "rival", "mp-102"));
    await until("the change to be seen", async () => {
      const object = await getObject(api, mergeKind.deck, { namespace, name: "rival-a" });
      const status = object?.["status"] as { readonly observedGeneration?: number } | undefined;
      return status?.observedGeneration === 2;
    });
    assert.deepEqual(await specOf("rival"), before);
    // What is in no target can be deleted all the same.
    await cluster.apply({ ...merge("rival-b", "rival"), metadata: held("rival-b") });
    await remove("rival-b");
    await cluster.remove(old);
    await merged(api, { namespace, name: "rival-a" });
    await remove("rival-a");
    assert.deepEqual(await namesIn("rival"), base);
  });

  const held = (name: string): TestObject["metadata"] =>
    ({ namespace, name, finalizers: ["cocktail.dev/merge"] }) as TestObject["metadata"];

  test("the last route of a target stays, and keeps nothing from being deleted", async () => {
    await cluster.apply(plainTarget(namespace, "only"), merge("only-a", "only"));
    await merged(api, { namespace, name: "only-a" });
    // Somebody takes the base away.
    await until("the base to be taken away", async () => {
      const object = await read("only");
      assert.ok(object);
      const before = object["spec"] as { readonly http: readonly object[] };
      const spec = { ...before, http: before.http.slice(0, 1) };
      await replaceObject(api, virtualServices, { ...object, spec }, { fieldManager });
      return true;
    });
    await remove("only-a");
    assert.equal((await namesIn("only")).length, 1);
    const steps = [{ op: "add", path: "/spec/http/-", value: stableRoute }] as const;
    await patchObject(api, virtualServices, { namespace, name: "only", steps }, { fieldManager });
    await until("only the base", async () => (await namesIn("only")).join() === "stable");
  });
});
