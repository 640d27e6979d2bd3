import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
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

const leases: Resource = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  isNamespaced: true,
};

/** A process of an operator, and its lines. */
class Operator implements Disposable {
  readonly lines: string[] = [];
  readonly identity: string;
  readonly #child: ChildProcess;
  readonly exited: Promise<unknown>;

  constructor(identity: string, namespace: string, slowMs = 0) {
    this.identity = identity;
    const script = join(import.meta.dirname, "../support/operator-process.ts");
    const words = ["--conditions=@cocktail/source", script, identity, namespace, `${slowMs}`];
    this.#child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
    this.exited = once(this.#child, "exit");
    const { stdout, stderr } = this.#child;
    assert.ok(stdout && stderr);
    for (const stream of [stdout, stderr])
      createInterface(stream).on("line", (line) => this.lines.push(line));
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Also if it is paused. */
  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }

  async says(line: string): Promise<void> {
    await until(`${this.identity} to say "${line}"`, () => this.lines.includes(line), {
      seen: () => this.lines.slice(-20),
    });
  }
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
    using operator = new Operator("one", namespace, 3_000);
    await operator.says("begins a");
    assert.equal(await holder(namespace), "one");
    const port = operator.lines.find((line) => line.startsWith("health"))?.split(" ")[1];
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
    operator.signal("SIGTERM");
    await operator.says("stopping");
    await inputs(namespace, "b");
    assert.deepEqual(await operator.exited, [0, null], operator.lines.join("\n"));
    const lines = operator.lines.slice(operator.lines.lastIndexOf("begins a"));
    assert.deepEqual(lines, ["begins a", "stopping", "ends a", "leads no more", "over"]);
    assert.equal(await holder(namespace), "");
    const ends = operator.lines.filter((line) => line === "ends a");
    assert.equal((await outputs(namespace)).length, ends.length);
  });

  test("a leader that was paused longer than its lease writes nothing when it wakes, and can lead again", async () => {
    const namespace = unusedName("paused");
    await using _owned = await withNamespace(api, namespace);
    await inputs(namespace, "a", "b", "c");
    // It is most likely paused between the decision to write and the write.
    using one = new Operator("one", namespace, 200);
    using two = new Operator("two", namespace, 200);
    const leader = await until("a leader", () =>
      [one, two].find(({ lines }) => lines.includes("leads")),
    );
    const other = leader === one ? two : one;
    await until("some writes", async () => (await outputs(namespace)).length > 10);
    leader.signal("SIGSTOP");
    await other.says("leads");
    await other.says("ends a");
    leader.signal("SIGCONT");
    await leader.says("leads no more");
    const seen = (await outputs(namespace)).length;
    await until("more writes", async () => (await outputs(namespace)).length > seen + 20);
    const order = await outputs(namespace);
    const first = order.indexOf(other.identity);
    assert.ok(first > 0);
    assert.deepEqual(new Set(order.slice(first)), new Set([other.identity]));
    other.signal("SIGTERM");
    await until(
      "it to lead again",
      () => leader.lines.filter((line) => line === "leads").length === 2,
    );
    leader.signal("SIGTERM");
    for (const each of [one, two])
      assert.deepEqual(await each.exited, [0, null], each.lines.join("\n"));
  });
});
