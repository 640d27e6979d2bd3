import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "@cocktail/test-support";
import { auditedRequests, isOwnCluster } from "@cocktail/testbed";
import { blocksOf, root, shell } from "../support/shell.ts";

/**
 * Types docs/guides/virtual-service-merge.md, and the first block of the operator's README. Their operators work in all namespaces, so they
 * get a testbed of their own, inside the one that other suites share.
 */
const skip = isOwnCluster && "its operators work in all namespaces";

describe("the guide of VirtualServiceMerges", { skip }, () => {
  let directory = "";
  let blocks: readonly string[] = [];
  let page = "";
  const testbed = [
    process.execPath,
    "--conditions=@cocktail/source",
    join(root, "testbed/src/main.ts"),
  ];
  const name = ["--name", "guide"];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "merge-guide-"));
    await symlink(join(root, "charts"), join(directory, "charts"));
    page = await readFile(join(root, "docs/guides/virtual-service-merge.md"), "utf8");
    blocks = blocksOf(page, "sh");
    await outside([...testbed, "up", ...name].join(" "));
  });
  after(async () => {
    await outside([...testbed, "down", ...name].join(" "));
    await rm(directory, { recursive: true, force: true });
  });

  const outside = (script: string): Promise<string> =>
    shell(script, { env: { XDG_STATE_HOME: directory } });

  /** Inside, where a reader has put his own names in place of those in capitals. */
  function type(script: string, cwd = directory): Promise<string> {
    const names = {
      "REGISTRY/": "",
      OLD_NAMESPACE: "legacy",
      OLD_OPERATOR: "merger",
      OLD_RELEASE: "old",
    };
    const own = Object.entries(names).reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      script,
    );
    const env = {
      XDG_STATE_HOME: directory,
      HELM_CACHE_HOME: join(directory, "helm"),
      HELM_CONFIG_HOME: join(directory, "helm"),
      HELM_DATA_HOME: join(directory, "helm"),
    };
    return shell(own, { cwd, env, prefix: [...testbed, "run", ...name, "--"] });
  }
  const apply = async (file: string, text: string): Promise<void> => {
    await writeFile(join(directory, file), text);
    await type(`kubectl apply -f ${file}`);
  };
  const routes = (): Promise<string> =>
    type(
      "kubectl get -n services virtualservice payment-service -o 'jsonpath={.spec.http[*].name}'",
    );

  test("the operator's README shows a branch that is called", async () => {
    const readme = await readFile(join(root, "apps/operator/README.md"), "utf8");
    const [first = ""] = blocksOf(readme, "sh");
    const lines = first.split("\n").filter((line) => !line.startsWith("npm run testbed"));
    const call = lines.findLast((line) => line.startsWith("sh "));
    assert.ok(call);
    // The reader's shell ends its job with everything that it started; a shell without a terminal needs to be told.
    const script = lines.map((line) =>
      line.replace(/^npm run operator/, "setsid npm run operator"),
    );
    const end = `
      for i in $(seq 50); do ${call} | grep -q payment-service:mp-101 && break; sleep 0.2; done
      ${call} | grep payment-service:mp-101
      kubectl delete -f examples/mesh/payment-service-mp-101-merge.yaml -f examples/mesh/shop.yaml`;
    await type(`trap 'kill -- -$!' EXIT\n${script.join("\n")}${end}`, root);
  });

  const merge = "virtualservicemerges.istiomerge.monime.sl/payment-service-mp-101";
  const merged = /^cocktail\.services\.payment-service-mp-101\.[0-9a-f]{8} stable$/;
  const base = /^stable$/;

  test("its blocks install, merge a branch and uninstall", async () => {
    const [docker = "", install = "", branch = "", , , uninstall = ""] = blocks;
    assert.match(docker, /^docker build .*\n$/, "a block that needs a registry");
    const [object = ""] = blocksOf(page, "yaml");
    await writeFile(join(directory, "payment-service-mp-101.yaml"), object);
    await apply("services.yaml", services);
    await type("kubectl config set-context --current --namespace=services");
    await type(install);
    assert.match(await type("kubectl get clusterrole"), /^cocktail-operator /m);
    const [put = "", wait = "", remove = ""] = branch.split("\n");
    await type(`${put}\n${wait}`);
    assert.match(await routes(), merged);
    await type(remove);
    assert.match(await routes(), base);
    // Left to the last block.
    await type(`${put}\n${wait}`);
    // Under the ClusterRole; a test of its own asks for every permission of the Role.
    const account = { namespace: "cocktail", name: "cocktail-operator" };
    const requests = auditedRequests(account, join(directory, "cocktail/testbed/guide/kubeconfig"));
    assert.ok(
      requests.some(({ path }) => path.startsWith("/apis/networking.istio.io/v1/virtualservices?")),
    );
    assert.deepEqual(
      requests.filter(({ status }) => status === 401 || status === 403),
      [],
    );
    await type(uninstall);
    assert.match(await routes(), base);
    await assert.rejects(type(`kubectl get ${merge}`), /the server doesn't have a resource type/);
  });

  test("its blocks move from the old operator, whose release has the definitions, and lose nothing", async () => {
    const [, , , move = "", forget = "", uninstall = ""] = blocks;
    await oldRelease();
    await type(move);
    await type(`kubectl wait --for=condition=Programmed ${legacy} --timeout=60s`);
    assert.match(await routes(), merged);
    assert.match(await type("helm list -n legacy"), /^old /m, "it is not uninstalled");
    await type(forget);
    assert.doesNotMatch(await type("helm list -n legacy"), /^old /m);
    await type(`kubectl wait --for=condition=Programmed ${legacy} --timeout=60s`);
    const left = "{.metadata.deletionTimestamp}{.metadata.finalizers}";
    assert.equal(
      await type(`kubectl get ${legacy} -o 'jsonpath=${left}'`),
      '["cocktail.dev/merge"]',
    );
    // A release without definitions is uninstalled by the same line.
    await type(
      "rm -r old/templates/definition.yaml && helm install old ./old -n legacy && kubectl scale -n legacy deployment merger --replicas=0",
    );
    await type(move.trimEnd().split("\n").at(-1) ?? "");
    assert.doesNotMatch(await type("helm list -n legacy"), /^old /m);
    assert.match(await routes(), merged);
    await lateDeletion();
    await type(uninstall);
  });

  const legacy = "virtualservicemerges.istiomerger.monime.sl/payment-service-mp-101";

  /** The chart of an operator as the old one: it has the definition among its templates. */
  async function oldRelease(): Promise<void> {
    const definition = await readFile(
      join(root, "charts/cocktail/crds/virtualservicemerges.istiomerger.monime.sl.yaml"),
      "utf8",
    );
    await mkdir(join(directory, "old/templates"), { recursive: true });
    await writeFile(
      join(directory, "old/Chart.yaml"),
      "apiVersion: v2\nname: old\nversion: 0.1.0\n",
    );
    await writeFile(join(directory, "old/templates/definition.yaml"), definition);
    await writeFile(join(directory, "old/templates/merger.yaml"), merger);
    await type("helm install old ./old -n legacy --create-namespace");
    const [object = ""] = blocksOf(page, "yaml");
    const old = object
      .replace("istiomerge.monime.sl", "istiomerger.monime.sl")
      .replace("metadata:", "metadata:\n  finalizers: [istiomerger.monime.sl-finalizer]");
    await apply("legacy.yaml", old);
  }

  /** What the page says of an object that is deleted when the operator is gone. */
  async function lateDeletion(): Promise<void> {
    const [, patch = ""] = /`(kubectl patch [^`]+)`/.exec(page) ?? [];
    await apply("late.yaml", (blocksOf(page, "yaml")[0] ?? "").replaceAll("mp-101", "mp-102"));
    const late = "virtualservicemerges.istiomerge.monime.sl/payment-service-mp-102";
    await until(
      "its finalizer",
      async () => (await type(`kubectl get ${late} -o yaml`)).includes("cocktail.dev/merge"),
      { everyMs: 200 },
    );
    await type(
      "kubectl scale -n cocktail deployment cocktail-operator --replicas=0 && kubectl wait -n cocktail --for=delete pod -l app.kubernetes.io/name=cocktail-operator --timeout=60s",
    );
    await type(`kubectl delete ${late} --wait=false`);
    await type(patch.replace("NAME", "payment-service-mp-102"));
    await assert.rejects(type(`kubectl get ${late}`), /NotFound/);
    await type(
      "kubectl scale -n cocktail deployment cocktail-operator --replicas=2 && kubectl rollout status -n cocktail deployment/cocktail-operator",
    );
  }
});

/** What the page's object is about: a chart's VirtualService, and the Service of the branch. */
const services = `
apiVersion: v1
kind: Namespace
metadata: { name: services }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: payment-service, namespace: services }
spec:
  hosts: [payment-service.services.svc.cluster.local]
  http: [{ name: stable, route: [{ destination: { host: payment-service.services.svc.cluster.local } }] }]
---
apiVersion: v1
kind: Service
metadata: { name: payment-service-mp-101, namespace: services }
spec: { type: ExternalName, externalName: example.com, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: payment-service-mp-102, namespace: services }
spec: { type: ExternalName, externalName: example.com, ports: [{ name: http, port: 80 }] }
`;

const merger = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: merger }
spec:
  selector: { matchLabels: { app: merger } }
  template:
    metadata: { labels: { app: merger } }
    spec:
      automountServiceAccountToken: false
      containers: [{ name: merger, image: "monime/istio-virtualservice-merger:latest", command: [sleep, infinity] }]
`;
