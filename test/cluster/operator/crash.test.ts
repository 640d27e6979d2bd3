import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deleteObject, getObject, type HttpApi } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Cluster, connect, meshNamespace, type TestObject } from "@cocktail/testbed";
import { type FaultProxy, faultProxy, type Seen } from "../support/fault-proxy.ts";
import { realApi } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import { plainTarget, podlessService, removeMerge } from "../support/merge-fixtures.ts";
import {
  applyDefinitions,
  branchMerge,
  merged,
  mergeKind,
  routeNames,
  startOperator,
  virtualServices,
} from "../support/merges.ts";

const namespace = "merge-crash";
const targets = ["one", "two"] as const;
const name = "crash";

const merge = (to: string, key: string): TestObject =>
  branchMerge(namespace, name, { target: { name: to }, key, host: "branch" });

/** What a user does, and what must be there in the end. */
interface Step {
  readonly from?: TestObject;
  readonly to?: TestObject;
  /** The key that each target routes. */
  readonly end: Readonly<Partial<Record<(typeof targets)[number], string>>>;
}
const creation = { to: merge("one", "a"), end: { one: "a" } } satisfies Step;
const update = { from: merge("one", "a"), to: merge("one", "b"), end: { one: "b" } } satisfies Step;
const move: Step = { from: merge("one", "a"), to: merge("two", "a"), end: { two: "a" } };
const deletion: Step = { from: merge("one", "a"), end: {} };

describe("the operator is killed at each of its API calls", () => {
  let api: HttpApi;
  let cluster: Cluster;
  let proxy: FaultProxy;
  let operator: LinesProcess;
  const started = new DisposableStack();
  const base = new Map<string, unknown>();

  before(async () => {
    api = realApi();
    cluster = connect();
    proxy = await faultProxy();
    await cluster.apply(meshNamespace(namespace));
    await applyDefinitions(cluster);
    await cluster.apply(
      podlessService(namespace, "stable"),
      podlessService(namespace, "branch"),
      ...targets.map((one) => plainTarget(namespace, one)),
    );
    for (const one of targets) base.set(one, await contentOf(one));
    operator = await start();
  });
  after(async () => {
    operator.signal("SIGTERM");
    await operator.exited;
    started.dispose();
    await cluster.remove(meshNamespace(namespace));
    await proxy[Symbol.asyncDispose]();
    await api.close();
  });

  /** As after the lease of the killed one has expired. */
  async function start(): Promise<LinesProcess> {
    const leases = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      plural: "leases",
      isNamespaced: true,
    };
    await deleteObject(api, leases, { namespace, name: "cocktail-operator" });
    const next = started.use(
      startOperator([namespace], {
        words: ["--batch-ms=0", `--kubeconfig=${proxy.kubeconfig}`],
      }),
    );
    await next.says(/"msg":"leads"/);
    return next;
  }

  /** What a chart can see of a target. */
  async function contentOf(one: string): Promise<unknown> {
    const object = await getObject(api, virtualServices, { namespace, name: one });
    return { spec: object?.["spec"], annotations: object?.metadata.annotations };
  }

  async function keyIn(one: string): Promise<string | undefined> {
    const object = await getObject(api, virtualServices, { namespace, name: one });
    return routeNames(object).length === 1
      ? undefined
      : /"x-branch":\{"exact":"(.)"\}/.exec(JSON.stringify(object?.["spec"]))?.[1];
  }

  async function isAt({ end, to }: Step): Promise<boolean> {
    for (const one of targets) if ((await keyIn(one)) !== end[one]) return false;
    const object = await getObject(api, mergeKind.deck, { namespace, name });
    if (to === undefined) return object === undefined;
    const status = object?.["status"] as { readonly observedGeneration?: number } | undefined;
    return status?.observedGeneration === object?.metadata.generation;
  }

  async function make(object: TestObject | undefined): Promise<void> {
    if (object === undefined) await deleteObject(api, mergeKind.deck, { namespace, name });
    else await cluster.apply(object);
  }

  async function clean(): Promise<void> {
    await removeMerge(api, { namespace, name });
    for (const one of targets)
      await until(
        `the base of ${one}`,
        async () => JSON.stringify(await contentOf(one)) === JSON.stringify(base.get(one)),
      );
  }

  /** Neither the lease nor what informers read. */
  const counts = ({ path, method }: Seen): boolean => method !== "GET" && !path.includes("/leases");

  /** Does the step, and kills the operator at its call `at`, before or after the API executes it. Returns the calls that were seen. */
  async function crash(
    step: Step,
    at: number,
    when: "before" | "after",
  ): Promise<readonly string[]> {
    if (step.from !== undefined) {
      await cluster.apply(step.from);
      await merged(api, { namespace, name });
    }
    const calls: string[] = [];
    const victim = operator;
    proxy.faultOf = (request) => {
      if (!counts(request)) return undefined;
      calls.push(`${request.method} ${request.path}`);
      if (calls.length !== at + 1) return undefined;
      if (when === "after") return { kind: "loseAnswer", executed: () => victim.signal("SIGKILL") };
      victim.signal("SIGKILL");
      return { kind: "drop" };
    };
    await make(step.to);
    const ended = victim.exited.then(() => "killed" as const);
    const done = until("what the step wants", () => isAt(step), { ms: 20_000 });
    await Promise.race([ended, done]);
    if (calls.length > at) {
      await ended;
      proxy.faultOf = () => undefined;
      operator = await start();
    }
    await done;
    proxy.faultOf = () => undefined;
    await clean();
    return calls;
  }

  /** Both before and after the API executes the call. */
  async function atEachCall(step: Step, diagnostic: (text: string) => void): Promise<void> {
    for (const when of ["before", "after"] as const) {
      let killed = 0;
      for (let at = 0; ; at++) {
        const calls = await crash(step, at, when);
        if (calls.length <= at) break;
        killed += 1;
        diagnostic(`killed ${when} ${calls[at]}`);
      }
      assert.ok(killed >= 2, "there are too few calls for this to be a test");
    }
  }

  test("a write that fails is in the status, and is made when it can be", async () => {
    await cluster.apply(creation.to);
    await merged(api, { namespace, name });
    proxy.faultOf = ({ method, path }) =>
      method === "PUT" && path.includes("/virtualservices/")
        ? { kind: "answer", status: 500 }
        : undefined;
    await cluster.apply(update.to);
    const told = await merged(api, { namespace, name }, { is: "False WriteFailed" });
    // The routes of the update are not there, those from before are.
    assert.match(JSON.stringify(told["status"]), /"routes":\[\{/);
    assert.equal(await keyIn("one"), "a");
    proxy.faultOf = () => undefined;
    await merged(api, { namespace, name });
    assert.equal(await keyIn("one"), "b");
    await clean();
  });
  test("a creation ends as it should, at whatever call the operator is killed", (t) =>
    atEachCall(creation, t.diagnostic.bind(t)));
  test("an update ends as it should, at whatever call the operator is killed", (t) =>
    atEachCall(update, t.diagnostic.bind(t)));
  test("a move to another target ends as it should, at whatever call the operator is killed", (t) =>
    atEachCall(move, t.diagnostic.bind(t)));
  test("a deletion ends as it should, at whatever call the operator is killed", (t) =>
    atEachCall(deletion, t.diagnostic.bind(t)));
});
