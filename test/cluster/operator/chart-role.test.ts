import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deleteObject, getObject, type HttpApi, type Resource } from "@cocktail/kubernetes";
import { defaultMeshNames, renderMeshFilter } from "@cocktail/mesh";
import { until } from "@cocktail/test-support";
import {
  type AuditedRequest,
  auditedRequests,
  type Cluster,
  connect,
  deployment,
  isOwnCluster,
  meshNamespace,
  service,
  type TestObject,
  xds,
} from "@cocktail/testbed";
import { applyOwnDefinitions } from "../support/definitions.ts";
import { chart, type Helm, openHelm } from "../support/helm.ts";
import { meshService, toTestObjects } from "../support/mesh-objects.ts";
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
  conditionsOf,
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
    // Where Argo Rollouts is not installed, they are not asked for.
    const roles = [
      [targets, "role-operator"],
      [branches, "role-operator"],
      [release, "role-operator-leader"],
    ] as const;
    assert.deepEqual(unused(await granted(api, roles), requests), [
      "list rollouts.argoproj.io",
      "watch rollouts.argoproj.io",
    ]);
  });
});

const ownKind = (kind: string): Resource => ({
  apiVersion: "cocktail.dev/v1alpha1",
  kind,
  plural: `${kind.toLowerCase()}s`,
  isNamespaced: true,
});

const services: Resource = {
  apiVersion: "v1",
  kind: "Service",
  plural: "services",
  isNamespaced: true,
};

const envoyFilters: Resource = {
  apiVersion: "networking.istio.io/v1alpha3",
  kind: "EnvoyFilter",
  plural: "envoyfilters",
  isNamespaced: true,
};

const typeOf = ({ apiVersion, kind }: Resource): Pick<Resource, "apiVersion" | "kind"> => ({
  apiVersion,
  kind,
});

/** The same for variants: what the engine, its store and the writer of the mesh do. */
describe("variants under the chart's role", { skip: isOwnCluster && noAudit }, () => {
  const home = unusedName("role-variants");
  const own = unusedName("role-own");
  const account = { namespace: own, name: "own-operator" };
  const payment = "payment-service";
  const base = toTestObjects([meshService(payment, home).base]);
  let api: HttpApi;
  let cluster: Cluster;
  let helm: Helm;

  before(async () => {
    api = realApi();
    cluster = connect();
    helm = await openHelm();
    await applyDefinitions(cluster);
    await applyOwnDefinitions(cluster);
    await cluster.apply(
      meshNamespace(home),
      ...toTestObjects([renderMeshFilter(defaultMeshNames)]),
      deployment({ namespace: home, service: payment }),
      service({ namespace: home, service: payment }),
      ...base,
    );
    await cluster.readyPods(home, `app=${payment}`);
    const values = `--set 'namespaces={${home}}' --set leaseSeconds=3,replicas=1`;
    const variants = `--set variants.enabled=true,variants.namespace=${home},variants.xds=${xds.host}:${xds.port}`;
    const wait = `--namespace ${own} --create-namespace --wait --timeout 90s`;
    await helm(`install own ${chart} ${wait} ${values} ${variants}`);
  });
  after(async () => {
    await helm(`uninstall own --namespace ${own}`);
    await cluster.remove(...[home, own].map(meshNamespace));
    await helm[Symbol.asyncDispose]();
    await api.close();
  });

  const variants = ownKind("ServiceVariant");
  const environments = ownKind("Environment");
  const ready = (kind: Resource, name: string): Promise<unknown> =>
    until(
      `${name} to be ready`,
      async () => {
        const object = await getObject(api, kind, { namespace: home, name });
        return conditionsOf(object)["Ready"]?.startsWith("True");
      },
      { ms: 30_000, everyMs: 100, seen: forbidden },
    );
  async function remove(kind: Resource, name: string): Promise<void> {
    await deleteObject(api, kind, { namespace: home, name });
    await until(
      `${name} to be gone`,
      async () => (await getObject(api, kind, { namespace: home, name })) === undefined,
      { ms: 30_000, everyMs: 100, seen: forbidden },
    );
  }
  /** What was refused so far, each once. */
  function forbidden(): readonly string[] {
    const refused = auditedRequests(account).filter(({ status }) => [401, 403].includes(status));
    return [...new Set(refused.map(({ verb, resource, path }) => `${verb} ${resource} ${path}`))];
  }

  test("a branch and its environment become ready, and are deleted", async () => {
    const member = { service: payment, variant: "mp-101" };
    await cluster.apply(
      deployment({ namespace: home, ...member }),
      {
        ...typeOf(variants),
        metadata: { namespace: home, name: `${payment}.mp-101` },
        spec: member,
      },
      {
        ...typeOf(environments),
        metadata: { namespace: home, name: "ops-101" },
        spec: { members: [member] },
      },
    );
    await ready(variants, `${payment}.mp-101`);
    await ready(environments, "ops-101");
    await remove(environments, "ops-101");
    await remove(variants, `${payment}.mp-101`);
  });

  test("a service that is no longer routed loses all that was written for it", async () => {
    await cluster.remove(...base);
    // The Service goes last of what was applied, and the variant when no request can reach it.
    const gone = [
      [envoyFilters, defaultMeshNames.rootNamespace, `${payment}-variants.${home}`],
      [services, home, `${payment}-variants`],
      [variants, home, `${payment}.stable`],
    ] as const;
    for (const [kind, namespace, name] of gone)
      await until(
        `${kind.kind} ${name} to be gone`,
        async () => (await getObject(api, kind, { namespace, name })) === undefined,
        { ms: 30_000, everyMs: 100, seen: forbidden },
      );
  });

  test("no request was forbidden, and no permission is without use", async () => {
    assert.deepEqual(forbidden(), []);
    const roles = [
      [home, "own-operator-variants"],
      [defaultMeshNames.rootNamespace, `own-operator-variants-${own}`],
    ] as const;
    assert.deepEqual(unused(await granted(api, roles), auditedRequests(account)), [
      // An apply of an object that isn't there is a patch that needs this, too.
      "create destinationrules.networking.istio.io",
      // An environment is written by people, and deleted when it expires.
      "create environments.cocktail.dev",
      "create envoyfilters.networking.istio.io",
      "create services",
      "create virtualservices.networking.istio.io",
      // Old parts of the route tables.
      "delete configmaps",
      "delete environments.cocktail.dev",
      // A service that changes its place among the others.
      "patch records.cocktail.dev",
    ]);
  });
});

/** All that these roles allow: `patch virtualservicemerges.istiomerge.monime.sl/status`. */
async function granted(
  api: HttpApi,
  roles: readonly (readonly [namespace: string, name: string])[],
): Promise<readonly string[]> {
  const all = await Promise.all(
    roles.map(async ([namespace, name]) => {
      const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles/${name}`;
      const { rules } = (await api.request({ method: "GET", path })) as {
        readonly rules: readonly Rule[];
      };
      return rules.flatMap(permissions);
    }),
  );
  return [...new Set(all.flat())].toSorted();
}

function unused(
  permitted: readonly string[],
  requests: readonly AuditedRequest[],
): readonly string[] {
  const used = new Set(requests.map(({ verb, resource }) => `${verb} ${resource}`));
  return permitted.filter((one) => !used.has(one));
}

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
