import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { getObject, type HttpApi, type KubeObject, type Resource } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import { type Cluster, connect, isOwnCluster } from "@cocktail/testbed";
import { chart, type Helm, openHelm } from "../support/helm.ts";
import { namespaces, realApi } from "../support/kube.ts";
import { applyDefinitions } from "../support/merges.ts";

const fixtures = join(import.meta.dirname, "__fixtures__/chart");

/** Every value, none at its default. */
const everything = join(fixtures, "everything.values.yaml");

const kind = (apiVersion: string, kind: string): Resource => ({
  apiVersion,
  kind,
  plural: `${kind.toLowerCase()}s`,
  isNamespaced: true,
});
const deployments = kind("apps/v1", "Deployment");
const owned = [
  deployments,
  kind("v1", "ServiceAccount"),
  kind("policy/v1", "PodDisruptionBudget"),
  kind("rbac.authorization.k8s.io/v1", "Role"),
  kind("rbac.authorization.k8s.io/v1", "RoleBinding"),
];

const noImage = "only the testbed has the image";

describe("the chart", () => {
  let helm: Helm;

  before(async () => {
    helm = await openHelm();
  });
  after(() => helm[Symbol.asyncDispose]());

  test("Helm finds nothing to say against it, with any of these values", async () => {
    for (const values of ["", "--set 'namespaces={a,b}'", `-f ${everything}`])
      assert.match(
        await helm(`lint --strict ${chart} ${values}`),
        /1 chart\(s\) linted, 0 chart\(s\) failed/,
      );
  });

  const wrong: Readonly<Record<string, readonly [set: string, says: RegExp]>> = {
    "an unknown value": ["--set replica=3", /'replica' not allowed/],
    "more replicas than make sense": [
      "--set replicas=11",
      /at '\/replicas': maximum: got 11, want 10/,
    ],
    "a number as a text": ["--set-string replicas=2", /at '\/replicas': got string, want integer/],
    "a naming that there isn't": [
      "--set naming=short",
      /at '\/naming': value must be one of 'unique', 'compatibility'/,
    ],
    "a namespace that can't be": [
      "--set 'namespaces={A}'",
      /at '\/namespaces\/0': 'A' does not match pattern/,
    ],
    "a namespace twice": [
      "--set 'namespaces={a,a}'",
      /at '\/namespaces': items at 0 and 1 are equal/,
    ],
    "one namespace as a text": ["--set namespaces=a", /at '\/namespaces': got string, want array/],
    "variants without a namespace": [
      "--set variants.enabled=true",
      /at '\/variants\/namespace': minLength: got 0, want 1/,
    ],
    "istiod without a port": [
      "--set variants.xds=istiod",
      /at '\/variants\/xds': .* does not match pattern/,
    ],
    "a digest without its algorithm": [
      `--set image.digest=${"a".repeat(64)}`,
      /at '\/image\/digest': .* does not match pattern/,
    ],
    "an image without a name": [
      "--set image.repository=",
      /at '\/image\/repository': minLength: got 0, want 1/,
    ],
    "a label that is no text": [
      "--set podLabels.a=1",
      /at '\/podLabels\/a': got number, want string/,
    ],
    "a lease that can't be renewed in time": [
      "--set leaseSeconds=2",
      /at '\/leaseSeconds': minimum: got 2, want 3/,
    ],
  };
  for (const [title, [set, says]] of Object.entries(wrong))
    test(`${title} is refused by name`, async () => {
      await assert.rejects(helm(`template cocktail ${chart} ${set}`), says);
    });

  const renders = {
    defaults: "",
    namespaces: "--set 'namespaces={a,b}'",
    variants: "--set variants.enabled=true,variants.namespace=shop",
    everything: `-f ${everything}`,
  };
  for (const [name, values] of Object.entries(renders))
    test(`what it renders: ${name}`, async () => {
      const file = join(fixtures, `${name}.yaml`);
      const text = await helm(
        `template cocktail ${chart} --namespace cocktail --include-crds=false ${values}`,
      );
      // As packages/mesh does with its own.
      if (process.env["UPDATE_GOLDEN"] === "1") {
        mkdirSync(fixtures, { recursive: true });
        writeFileSync(file, text);
      }
      assert.equal(text, readFileSync(file, "utf8"));
    });
});

describe("a release of the chart", { skip: isOwnCluster && noImage }, () => {
  const namespace = "chart-life";
  const name = "life-operator";
  let api: HttpApi;
  let cluster: Cluster;
  let helm: Helm;

  before(async () => {
    api = realApi();
    cluster = connect();
    helm = await openHelm();
    await applyDefinitions(cluster);
  });
  after(async () => {
    for (const one of [namespace, "chart-wide"]) await cluster.remove(namespaceObject(one));
    await helm[Symbol.asyncDispose]();
    await api.close();
  });

  const read = (resource: Resource, name: string): Promise<KubeObject | undefined> =>
    getObject(api, resource, { namespace, name });

  /** The kinds of the release that are there. */
  async function there(): Promise<readonly string[]> {
    const found = await Promise.all(owned.map((one) => read(one, name)));
    return owned.flatMap(({ kind }, at) => (found[at] === undefined ? [] : [kind]));
  }

  /** What of the Deployment the values decide. */
  async function running(): Promise<object> {
    const { spec, status } = (await read(deployments, name)) as unknown as {
      readonly spec: {
        readonly replicas: number;
        readonly template: {
          readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
        };
      };
      readonly status: { readonly readyReplicas: number };
    };
    const [{ args } = { args: [] }] = spec.template.spec.containers;
    return {
      replicas: spec.replicas,
      ready: status.readyReplicas,
      level: args.find((one) => one.startsWith("--log-level")),
    };
  }

  const all = owned.map(({ kind }) => kind);
  const first = { replicas: 2, ready: 2, level: "--log-level=info" };

  test("is installed, upgraded, rolled back and uninstalled, and leaves the definitions", async () => {
    const wait = `--namespace ${namespace} --wait --timeout 60s`;
    const values = `--set 'namespaces={${namespace}}' --set leaseSeconds=3`;
    const notes = await helm(`install life ${chart} ${wait} --create-namespace ${values}`);
    assert.match(notes, /merges VirtualServiceMerge objects of chart-life\./);
    assert.deepEqual(await there(), all);
    assert.deepEqual(await running(), first);

    await helm(`upgrade life ${chart} ${wait} ${values} --set replicas=1 --set logLevel=debug`);
    assert.deepEqual(await running(), { replicas: 1, ready: 1, level: "--log-level=debug" });
    assert.deepEqual(
      await there(),
      all.filter((kind) => kind !== "PodDisruptionBudget"),
    );

    await helm(`rollback life 1 ${wait}`);
    assert.deepEqual(await running(), first);
    assert.deepEqual(await there(), all);

    await helm(`uninstall life ${wait}`);
    await until("everything to be gone", async () => (await there()).length === 0);
    await definitionsAreThere();
  });

  /** The definitions are not the release's to delete. */
  async function definitionsAreThere(): Promise<void> {
    for (const group of ["istiomerger.monime.sl", "istiomerge.monime.sl"]) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/virtualservicemerges.${group}`;
      const { metadata } = (await api.request({ method: "GET", path })) as KubeObject;
      assert.equal(metadata.deletionTimestamp, undefined);
    }
  }

  test("that works in all namespaces may do there what it has to, and nothing else", async () => {
    // Without a replica: other suites have operators of their own here.
    await helm(`install wide ${chart} --namespace chart-wide --create-namespace --set replicas=0`);
    const may = async (verb: string, resource: string, more: object = {}): Promise<boolean> => {
      const [plural = "", group = ""] = resource.split(/\.(.*)/s);
      const [name, subresource = ""] = plural.split("/");
      const attributes = { verb, group, resource: name, subresource, ...more };
      const spec = {
        user: "system:serviceaccount:chart-wide:wide-operator",
        resourceAttributes: attributes,
      };
      const answer = (await api.request({
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        body: { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec },
      })) as { readonly status: { readonly allowed: boolean } };
      return answer.status.allowed;
    };
    const merges = [
      "virtualservicemerges.istiomerger.monime.sl",
      "virtualservicemerges.istiomerge.monime.sl",
    ];
    const watched = [
      ...merges,
      "virtualservices.networking.istio.io",
      "destinationrules.networking.istio.io",
      "services",
      "endpointslices.discovery.k8s.io",
      "rollouts.argoproj.io",
      "deployments.apps",
    ];
    for (const one of watched)
      for (const verb of ["list", "watch"])
        assert.equal(await may(verb, one), true, `${verb} ${one}`);
    for (const one of merges) {
      assert.equal(await may("patch", one), true);
      assert.equal(await may("patch", one.replace(".", "/status.")), true);
      for (const verb of ["create", "update", "delete"])
        assert.equal(await may(verb, one), false, `${verb} ${one}`);
    }
    assert.equal(await may("update", "virtualservices.networking.istio.io"), true);
    for (const verb of ["create", "patch", "delete"])
      assert.equal(await may(verb, "virtualservices.networking.istio.io"), false, verb);
    const lease = "leases.coordination.k8s.io";
    assert.equal(await may("list", lease), false);
    assert.equal(await may("list", lease, { name: "istiomerger.monime.sl" }), true);
    assert.equal(
      await may("update", lease, { namespace: "chart-wide", name: "cocktail-operator" }),
      true,
    );
    assert.equal(
      await may("update", lease, { namespace: "kube-system", name: "cocktail-operator" }),
      false,
    );
    for (const one of ["secrets", "configmaps", "pods"])
      assert.equal(await may("list", one), false, one);
    await helm("uninstall wide --namespace chart-wide --wait");
    assert.equal(await may("list", "services"), false);
  });
});

const namespaceObject = (name: string) =>
  ({ apiVersion: namespaces.apiVersion, kind: namespaces.kind, metadata: { name } }) as const;
