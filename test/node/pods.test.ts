import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "@cocktail/test-support";
import {
  type Answer,
  appPort,
  type Cluster,
  connect,
  deployment,
  meshNamespace,
  service,
  type TestObject,
  type TestPod,
} from "@cocktail/testbed";
import { z } from "zod";

const namespace = "node-pods";
const plainNamespace = "node-plain";

const podList = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        nodeName: z.string(),
        initContainers: z.array(z.object({ name: z.string() })).default([]),
        containers: z.array(z.object({ name: z.string() })),
      }),
      status: z.object({
        containerStatuses: z.array(
          z.object({ name: z.string(), ready: z.boolean(), containerID: z.string() }),
        ),
      }),
    }),
  ),
});
const withClusterIp = z.object({ spec: z.object({ clusterIP: z.string() }) });

describe("pods on a real node", () => {
  let cluster: Cluster;
  let inMesh: TestPod;
  let plain: TestPod;

  before(async () => {
    cluster = connect();
    const target = { namespace, service: "payment-service" };
    const caller = { namespace: plainNamespace, service: "caller" };
    const plainOnes: TestObject = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: plainNamespace },
    };
    await cluster.apply(meshNamespace(namespace), deployment(target), service(target));
    await cluster.apply(plainOnes, deployment(caller));
    [inMesh] = (await cluster.readyPods(namespace, "app=payment-service")) as [TestPod];
    [plain] = (await cluster.readyPods(plainNamespace, "app=caller")) as [TestPod];
  });
  after(async () => {
    const gone = (name: string): TestObject => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
    });
    await cluster.remove(gone(namespace), gone(plainNamespace));
  });

  async function podOf(space: string): Promise<z.infer<typeof podList>["items"][number]> {
    const { items } = podList.parse(
      await cluster.api.call("GET", `/api/v1/namespaces/${space}/pods`),
    );
    assert.equal(items.length, 1);
    const [pod] = items;
    assert.ok(pod);
    return pod;
  }

  test("istiod's webhook makes two ready containers of one, both run by containerd", async () => {
    const { spec, status } = await podOf(namespace);
    assert.deepEqual(
      spec.initContainers.map((one) => one.name),
      ["istio-init"],
    );
    assert.deepEqual(spec.containers.map((one) => one.name).toSorted(), ["app", "istio-proxy"]);
    const states = status.containerStatuses.map(({ ready, containerID }) => [
      ready,
      containerID.replace(/:.*/, ""),
    ]);
    assert.deepEqual(states, [
      [true, "containerd"],
      [true, "containerd"],
    ]);
  });

  test("a namespace that doesn't ask for sidecars gets none", async () => {
    const { spec } = await podOf(plainNamespace);
    assert.deepEqual(spec.initContainers, []);
    assert.deepEqual(
      spec.containers.map((one) => one.name),
      ["app"],
    );
  });

  async function ask(from: TestPod, host: string): Promise<Answer> {
    const [answer] = await cluster.send(from, [{ host, port: appPort }]);
    assert.ok(answer);
    return answer;
  }

  const served = ({ status, body, error }: Answer): string =>
    status === 200
      ? (JSON.parse(body) as { served: string }).served
      : `${status} ${error ?? ""} ${body}`;

  test("a pod without a sidecar reaches a Service by its names and by its address", async () => {
    const path = `/api/v1/namespaces/${namespace}/services/payment-service`;
    const { clusterIP } = withClusterIp.parse(await cluster.api.call("GET", path)).spec;
    const names = [
      `payment-service.${namespace}`,
      `payment-service.${namespace}.svc`,
      `payment-service.${namespace}.svc.cluster.local`,
    ];
    for (const host of [...names, clusterIP]) {
      // kube-proxy's rules may come a moment after the pods are ready.
      const seen = await until(
        `an answer of ${host}`,
        async () => {
          const answer = await ask(plain, host);
          return answer.status === 200 ? answer : undefined;
        },
        { ms: 20_000, everyMs: 100 },
      );
      assert.equal(served(seen), "payment-service:stable");
    }
    const nobody = await ask(plain, `nobody.${namespace}.svc.cluster.local`);
    assert.match(nobody.error ?? "", /ENOTFOUND/);
  });

  test("a pod with a sidecar reaches a Service by its short name, through Envoy", async () => {
    const answer = await ask(inMesh, "payment-service");
    assert.equal(served(answer), "payment-service:stable");
    assert.ok(
      answer.headers.map((one) => one.toLowerCase()).includes("x-envoy-upstream-service-time"),
    );
  });
});
