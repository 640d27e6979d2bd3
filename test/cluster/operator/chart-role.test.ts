import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deleteObject, getObject, type HttpApi, type Resource } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import {
  auditedRequests,
  type Cluster,
  connect,
  isOwnCluster,
  meshNamespace,
  type TestObject,
} from "@cocktail/testbed";
import { chart, type Helm, openHelm } from "../support/helm.ts";
import { realApi, unusedName } from "../support/kube.ts";
import {
  oldOperator,
  plainTarget,
  podlessService,
  stableRoute,
} from "../support/merge-fixtures.ts";
import {
  applyDefinitions,
  branchMerge,
  merged,
  mergeKind,
  routeNames,
  virtualServices,
} from "../support/merges.ts";

const release = unusedName("role-release");
const account = { namespace: release, name: "role-operator" };
const targets = "role-targets";
const branches = "role-branches";

const target = (name: string, timeout = "1s"): TestObject =>
  plainTarget(targets, name, [{ ...stableRoute, timeout }]);
/** In the other namespace than its target. */
const merge = (to: string, { kind = mergeKind.deck, key = "mp-101" } = {}): TestObject => ({
  ...branchMerge(branches, "branch", {
    target: { name: to, namespace: targets },
    key,
    host: "branch",
  }),
  apiVersion: kind.apiVersion,
});

const noAudit = "only the testbed has the image and the audit log";

/** The chart's own pods do all that the operator does, with the permissions of the chart alone. */
describe("the operator under the chart's role", { skip: isOwnCluster && noAudit }, () => {
  let api: HttpApi;
  let cluster: Cluster;
  let helm: Helm;

  before(async () => {
    api = realApi();
    cluster = connect();
    helm = await openHelm();
    await cluster.apply(meshNamespace(targets), meshNamespace(branches));
    await applyDefinitions(cluster);
    await cluster.apply(
      podlessService(targets, "stable"),
      podlessService(targets, "branch"),
      target("one"),
      target("two"),
    );
    const values = `--set 'namespaces={${targets},${branches}}' --set batchMs=0,leaseSeconds=3`;
    const wait = `--namespace ${release} --create-namespace --wait --timeout 90s`;
    await helm(`install role ${chart} ${wait} ${values}`);
  });
  after(async () => {
    await helm(`uninstall role --namespace ${release}`);
    await cluster.remove(...[targets, branches, release].map(meshNamespace));
    await helm[Symbol.asyncDispose]();
    await api.close();
  });

  const branch = { namespace: branches, name: "branch" };
  const namesIn = async (name: string): Promise<readonly string[]> =>
    routeNames(await getObject(api, virtualServices, { namespace: targets, name }));
  const routed = (name: string, count: number): Promise<unknown> =>
    until(`${count} routes in ${name}`, async () => (await namesIn(name)).length === count);
  async function remove(kind: Resource): Promise<void> {
    await deleteObject(api, kind, branch);
    await until("the merge to be gone", async () => {
      return (await getObject(api, kind, branch)) === undefined;
    });
  }

  test("two replicas are ready, and one of them leads", async () => {
    await cluster.readyPods(release, "app.kubernetes.io/name=cocktail-operator", 2);
    const leases = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      plural: "leases",
      isNamespaced: true,
    };
    const at = { namespace: release, name: "cocktail-operator" };
    await until("a leader", async () => (await getObject(api, leases, at))?.["spec"]);
  });

  for (const [title, kind] of Object.entries(mergeKind))
    test(`a merge of the ${title} group is created, updated, moved and deleted`, async () => {
      await cluster.apply(merge("one", { kind }));
      await merged(api, branch, { kind });
      await cluster.apply(merge("one", { kind, key: "mp-102" }));
      await until("the new key", async () => {
        const object = await getObject(api, virtualServices, { namespace: targets, name: "one" });
        return JSON.stringify(object?.["spec"]).includes("mp-102");
      });
      await cluster.apply(merge("two", { kind }));
      await routed("one", 1);
      await routed("two", 2);
      await remove(kind);
      await routed("two", 1);
    });

  test("wiped routes are restored, and of the Event there is one that counts", async () => {
    await cluster.apply(merge("one"));
    await merged(api, branch);
    let wipes = 0;
    const counted = (): boolean =>
      auditedRequests(account).some(
        ({ verb, resource }) => verb === "patch" && resource === "events.events.k8s.io",
      );
    await until(
      "the Event to be counted",
      async () => {
        await cluster.apply(target("one", `${2 + (wipes++ % 2)}s`));
        await routed("one", 2);
        return counted();
      },
      { ms: 90_000, everyMs: 1_000, seen: () => `${wipes} wipes` },
    );
    await remove(mergeKind.deck);
  });

  test("a patch that Istio refuses is found by dry runs", async () => {
    const object = merge("one");
    const { target: to, patch } = object["spec"] as {
      readonly target: object;
      readonly patch: { readonly http: readonly object[] };
    };
    const http = patch.http.map((route) => ({ ...route, corsPolicy: { maxAge: "never" } }));
    await cluster.apply({ ...object, spec: { target: to, patch: { http } } });
    await merged(api, branch, { type: "Accepted", is: "False WriteRefused" });
    await remove(mergeKind.deck);
  });

  test("an old operator is found, and nothing is written while it runs", async () => {
    await cluster.apply(oldOperator(targets), merge("two"));
    await merged(api, branch, { type: "Accepted", is: "False OldOperatorRuns" });
    await cluster.remove(oldOperator(targets));
    await merged(api, branch);
    await remove(mergeKind.deck);
  });

  test("no request was forbidden, and no permission is without use", async () => {
    const requests = auditedRequests(account);
    assert.ok(requests.length > 50, `only ${requests.length} requests in the audit log`);
    assert.deepEqual(
      requests.filter(({ status }) => status === 401 || status === 403),
      [],
    );
    const used = new Set(requests.map(({ verb, resource }) => `${verb} ${resource}`));
    const unused = (await granted()).filter((one) => !used.has(one));
    // Where Argo Rollouts is not installed, they are not asked for.
    assert.deepEqual(unused, ["list rollouts.argoproj.io", "watch rollouts.argoproj.io"]);
  });

  /** All that the roles of the release allow: `patch virtualservicemerges.istiomerge.monime.sl/status`. */
  async function granted(): Promise<readonly string[]> {
    const names = [
      [targets, "role-operator"],
      [branches, "role-operator"],
      [release, "role-operator-leader"],
    ];
    const all = await Promise.all(
      names.map(async ([namespace, name]) => {
        const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/${name}`;
        const { rules } = (await api.request({ method: "GET", path })) as {
          readonly rules: readonly Rule[];
        };
        return rules.flatMap(permissions);
      }),
    );
    return [...new Set(all.flat())].toSorted();
  }
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function permissions({ apiGroups, resources, verbs }: Rule): readonly string[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => {
      const [name, subresource] = resource.split("/");
      const full = [name, ...(group === "" ? [] : [group])].join(".");
      return verbs.map((verb) =>
        [`${verb} ${full}`, ...(subresource === undefined ? [] : [subresource])].join("/"),
      );
    }),
  );
}
