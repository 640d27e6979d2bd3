import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  ApiError,
  applyObject,
  deleteObject,
  getObject,
  type HttpApi,
  replaceObject,
  type Resource,
} from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Cluster, connect, meshNamespace, type TestObject } from "@cocktail/testbed";
import { fieldManager, realApi } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import { plainTarget, podlessService } from "../support/merge-fixtures.ts";
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

const namespace = "merge-hostile";

describe("the operator and patches that harm others", () => {
  let api: HttpApi;
  let cluster: Cluster;
  let operator: LinesProcess;

  before(async () => {
    api = realApi();
    cluster = connect();
    await cluster.apply(meshNamespace(namespace));
    await applyDefinitions(cluster);
    await cluster.apply(podlessService(namespace, "stable"), podlessService(namespace, "branch"));
    operator = startOperator([namespace], { words: ["--batch-ms=100"] });
    await operator.says(/"msg":"leads"/);
  });
  after(async () => {
    const path = `/apis/${mergeKind.deck.apiVersion}/namespaces/${namespace}/virtualservicemerges`;
    await api.request({ method: "DELETE", path });
    await until("no merges", async () => {
      const list = (await api.request({ method: "GET", path })) as { readonly items: unknown[] };
      return list.items.length === 0;
    });
    operator.signal("SIGTERM");
    await operator.exited;
    await cluster.remove(meshNamespace(namespace));
    await api.close();
  });

  const read = async (name: string) => await getObject(api, virtualServices, { namespace, name });
  const good = (name: string, to: string, key = "good"): TestObject =>
    branchMerge(namespace, name, { target: { name: to }, key, host: "branch" });
  const patched = (name: string, to: string, route: object): TestObject => ({
    ...good(name, to),
    spec: {
      target: { name: to },
      patch: { http: [{ route: [{ destination: { host: "branch" } }], ...route }] },
    },
  });
  const remove = async (name: string): Promise<void> => {
    await deleteObject(api, mergeKind.deck, { namespace, name });
    await until(`${name} to be gone`, async () => {
      return (await getObject(api, mergeKind.deck, { namespace, name })) === undefined;
    });
  };

  /** How often the operator has replaced an object. */
  async function puts(): Promise<number> {
    const port = /"health":(\d+)/.exec(operator.lines.join("\n"))?.[1];
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(
      /^rest_client_requests_total\{code="200",method="PUT".* (\d+)$/m.exec(text)?.[1] ?? 0,
    );
  }

  /** What the API makes of a target with four routes. */
  async function tried(name: string): Promise<string> {
    const object = await read(name);
    assert.ok(object);
    const spec = { hosts: ["a"], http: [1, 2, 3, 4].map(() => stableRoute) };
    const options = { fieldManager, dryRun: true };
    try {
      return JSON.stringify(
        await replaceObject(api, virtualServices, { ...object, spec }, options),
      );
    } catch (error) {
      if (error instanceof ApiError && error.status === 422) return "refused";
      throw error;
    }
  }

  test("a match of a misspelt condition takes no traffic, and holds nobody up", async () => {
    await cluster.apply(plainTarget(namespace, "misspelt"));
    const before = await read("misspelt");
    const match = [{ header: { "x-branch": { exact: "mp-101" } } }];
    await cluster.apply(patched("misspelt", "misspelt", { match }));
    const object = await merged(api, { namespace, name: "misspelt" }, { is: "False WriteRefused" });
    assert.match(JSON.stringify(object["status"]), /unknown field.*header/);
    await cluster.apply(good("beside-misspelt", "misspelt"));
    await merged(api, { namespace, name: "beside-misspelt" });
    assert.equal(routeNames(await read("misspelt")).length, 2);
    await remove("misspelt");
    await remove("beside-misspelt");
    assert.deepEqual((await read("misspelt"))?.["spec"], before?.["spec"]);
  });

  test("a route that is nested thousands deep holds nobody up", async () => {
    await cluster.apply(plainTarget(namespace, "deep"));
    let deep: unknown = "end";
    for (let depth = 0; depth < 4_000; depth++) deep = [deep];
    const match = [{ headers: { "x-branch": { exact: "mp-101" } } }];
    await cluster.apply(patched("deep", "deep", { match, deep }));
    await merged(api, { namespace, name: "deep" }, { is: "False InvalidRoute" });
    await cluster.apply(good("beside-deep", "deep"));
    await merged(api, { namespace, name: "beside-deep" });
    await remove("deep");
    await remove("beside-deep");
  });

  test("of routes that are refused together alone, the older ones are merged", async () => {
    await cluster.apply(plainTarget(namespace, "crowded"));
    await using _policy = await enforce(api, validating, {
      spec: { validations: [{ expression: "size(object.spec.http) <= 3" }] },
      bound: { validationActions: ["Deny"] },
    });
    await until("the policy to be in force", async () => (await tried("crowded")) === "refused");
    for (const key of ["a", "b", "c"]) {
      await cluster.apply(good(`crowded-${key}`, "crowded", key));
      if (key !== "c") await merged(api, { namespace, name: `crowded-${key}` });
    }
    await merged(api, { namespace, name: "crowded-c" }, { is: "False WriteRefused" });
    assert.equal(routeNames(await read("crowded")).length, 3);
    for (const key of ["a", "b"])
      assert.equal(
        conditionsOf(await getObject(api, mergeKind.deck, { namespace, name: `crowded-${key}` }))[
          "Programmed"
        ],
        "True Programmed",
      );
  });

  test("a policy that changes what is written makes neither the operator wait nor write for ever", async () => {
    await cluster.apply(plainTarget(namespace, "changed"));
    const expression = `[JSONPatch{op: "add", path: "/spec/http/0/timeout", value: "7s"}]`;
    await using _policy = await enforce(api, mutating, {
      spec: {
        matchConditions: [{ name: "merged", expression: "size(object.spec.http) > 1" }],
        mutations: [{ patchType: "JSONPatch", jsonPatch: { expression } }],
        reinvocationPolicy: "Never",
      },
    });
    await until("the policy to be in force", async () => (await tried("changed")).includes("7s"));
    const before = await puts();
    await cluster.apply(good("changed-a", "changed", "a"));
    await merged(api, { namespace, name: "changed-a" });
    await until("a write that changes nothing", async () => (await puts()) >= before + 2);
    await cluster.apply(good("changed-b", "changed", "b"));
    await merged(api, { namespace, name: "changed-b" });
    const written = await read("changed");
    assert.equal(routeNames(written).length, 3);
    assert.match(JSON.stringify(written), /7s/);
    await remove("changed-a");
    await remove("changed-b");
    assert.deepEqual(routeNames(await read("changed")), ["stable"]);
  });
});

const stableRoute = { route: [{ destination: { host: "stable" } }] };

const admission = (kind: string, plural: string): Resource => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind,
  plural,
  isNamespaced: false,
});
const validating = {
  policy: admission("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
  binding: admission("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
};
const mutating = {
  policy: admission("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
  binding: admission("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings"),
};

/** Makes the API refuse or change VirtualServices of this namespace, until it is disposed of. */
async function enforce(
  api: HttpApi,
  { policy, binding }: typeof validating,
  { spec, bound = {} }: { readonly spec: object; readonly bound?: object },
): Promise<AsyncDisposable> {
  const metadata = { name: namespace };
  const rule = {
    apiGroups: ["networking.istio.io"],
    apiVersions: ["v1"],
    operations: ["UPDATE"],
    resources: ["virtualservices"],
  };
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  const matchConstraints = { namespaceSelector, resourceRules: [rule] };
  await applyObject(
    api,
    policy,
    { metadata, spec: { matchConstraints, ...spec } },
    { fieldManager },
  );
  await applyObject(
    api,
    binding,
    { metadata, spec: { policyName: namespace, ...bound } },
    { fieldManager },
  );
  return {
    [Symbol.asyncDispose]: async () => {
      for (const kind of [binding, policy]) await deleteObject(api, kind, metadata);
    },
  };
}
