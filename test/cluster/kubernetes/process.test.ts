import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  applyObject,
  getObject,
  type HttpApi,
  type KubeObject,
  listObjects,
  type Resource,
} from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import {
  configMap,
  configMaps,
  fieldManager,
  realApi,
  unusedName,
  withNamespace,
} from "../support/kube.ts";
import { LinesProcess } from "../support/lines-process.ts";
import { stretchesOf, termsOf } from "../support/terms.ts";

const leases: Resource = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  isNamespaced: true,
};

const script = join(import.meta.dirname, "../support/operator-process.ts");

function operator(identity: string, namespace: string, slowMs = 0): LinesProcess {
  return new LinesProcess(identity, script, [identity, namespace, `${slowMs}`]);
}

describe("a process of an operator", () => {
  let api: HttpApi;
  before(() => {
    api = realApi();
  });
  after(async () => {
    await api.close();
  });

  const inputs = (namespace: string, ...names: readonly string[]) =>
    Promise.all(
      names.map((name) =>
        applyObject(api, configMaps, configMap(namespace, name, {}, { role: "input" }), {
          fieldManager,
        }),
      ),
    );
  const outputs = async (namespace: string): Promise<readonly string[]> => {
    const { items } = await listObjects(api, configMaps, {
      namespace,
      labelSelector: "role=output",
    });
    const version = ({ metadata }: KubeObject) => Number(metadata.resourceVersion);
    return items
      .toSorted((a, b) => version(a) - version(b))
      .map(({ data }) => (data as { identity: string }).identity);
  };
  const holder = async (namespace: string): Promise<unknown> => {
    const lease = await getObject(api, leases, { namespace, name: "operator" });
    return (lease?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity;
  };

  test("on SIGTERM it ends what it has begun, begins nothing, releases the lease, and exits by itself", async () => {
    const namespace = unusedName("shutdown");
    await using _owned = await withNamespace(api, namespace);
    await inputs(namespace, "a");
    using one = operator("one", namespace, 3_000);
    await one.says("begins a");
    assert.equal(await holder(namespace), "one");
    const port = one.lines.find((line) => line.startsWith("health"))?.split(" ")[1];
    const [ready, metrics] = await Promise.all(
      ["readyz", "metrics"].map(async (path) =>
        (await fetch(`http://127.0.0.1:${port}/${path}`)).text(),
      ),
    );
    assert.equal(ready, "[+]caches ok\nok\n");
    assert.match(metrics ?? "", /^leader_election_master_status\{name="operator"\} 1$/m);
    assert.match(
      metrics ?? "",
      /^rest_client_requests_total\{code="200",method="GET",host="[^"]+"\} \d+$/m,
    );
    one.signal("SIGTERM");
    await one.says("stopping");
    await inputs(namespace, "b");
    assert.deepEqual(await one.exited, [0, null], one.lines.join("\n"));
    const lines = one.lines.slice(one.lines.lastIndexOf("begins a"));
    assert.deepEqual(lines, ["begins a", "stopping", "ends a", "leads no more", "over"]);
    assert.equal(await holder(namespace), "");
    const ends = one.lines.filter((line) => line === "ends a");
    assert.equal((await outputs(namespace)).length, ends.length);
  });

  test("a leader that was paused longer than its lease writes nothing when it wakes, and can lead again", async () => {
    const namespace = unusedName("paused");
    await using _owned = await withNamespace(api, namespace);
    await inputs(namespace, "a", "b", "c");
    // It is most likely paused between the decision to write and the write.
    using one = operator("one", namespace, 200);
    using two = operator("two", namespace, 200);
    const leader = await until("a leader", () =>
      [one, two].find(({ lines }) => lines.includes("leads")),
    );
    const other = leader === one ? two : one;
    await until("some writes", async () => (await outputs(namespace)).length > 10);
    const before = termsOf(other);
    leader.signal("SIGSTOP");
    await until("the other one to lead", () => termsOf(other) > before);
    await until("it to write", async () => (await outputs(namespace)).at(-1) === other.name);
    leader.signal("SIGCONT");
    await leader.says("leads no more");
    const seen = (await outputs(namespace)).length;
    await until("more writes", async () => (await outputs(namespace)).length > seen + 20);
    const terms = termsOf(one) + termsOf(two);
    const order = await outputs(namespace);
    assert.ok(stretchesOf(order) >= 2);
    assert.ok(stretchesOf(order) <= terms, `${terms} terms, but ${order.join(" ")}`);
    const led = termsOf(leader);
    other.signal("SIGTERM");
    await until("it to lead again", () => termsOf(leader) > led);
    leader.signal("SIGTERM");
    for (const each of [one, two])
      assert.deepEqual(await each.exited, [0, null], each.lines.join("\n"));
  });
});
