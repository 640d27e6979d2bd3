import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { deleteObject, getObject, type HttpApi, type KubeObject } from "@cocktail/kubernetes";
import { until } from "@cocktail/test-support";
import {
  appPort,
  type Cluster,
  connect,
  deployment,
  meshNamespace,
  service,
  type TestObject,
  type TestPod,
} from "@cocktail/testbed";
import { parse } from "yaml";
import { realApi } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import { removeMerge } from "../support/merge-fixtures.ts";
import {
  applyDefinitions,
  merged,
  mergeKind,
  routeNames,
  startOperator,
  virtualServices,
} from "../support/merges.ts";

/** The namespace in the host of the published manifests. */
const namespace = "services";
const host = "payment-service.services.svc.cluster.local";

const virtualService = `
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata:
  name: payment-service
spec:
  hosts:
  - payment-service.services.svc.cluster.local
  http:
  - name: stable
    route:
    - destination:
        host: payment-service.services.svc.cluster.local
`;

/** As published, with a destination. */
const merge = (key: string): string => `
---
apiVersion: istiomerge.monime.sl/v1alpha1
kind: VirtualServiceMerge
metadata:
  name: payment-service-${key}
spec:
  patch:
    http:
      - name: payment-service-${key}
        match:
          - headers:
              x-service-route:
                regex: ^(payment-service:${key}.*|.*::payment-service:${key}.*)$
        route:
          - destination:
              host: payment-service-${key}.services.svc.cluster.local
  target:
    name: payment-service
`;

const branchService = (key: string): TestObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace, name: `payment-service-${key}` },
  spec: {
    selector: { "cocktail.dev/service": "payment-service", "cocktail.dev/variant": key },
    ports: [{ name: "http", port: appPort }],
  },
});

describe("the published manifests", () => {
  let api: HttpApi;
  let cluster: Cluster;
  let operator: LinesProcess;
  let caller: TestPod;

  /** As `kubectl apply -n services -f -`. */
  async function apply(yaml: string): Promise<void> {
    const object = parse(yaml) as TestObject;
    await cluster.apply({ ...object, metadata: { ...object.metadata, namespace } });
  }

  before(async () => {
    api = realApi();
    cluster = connect();
    await cluster.apply(meshNamespace(namespace));
    await applyDefinitions(cluster);
    for (const name of ["caller", "payment-service"])
      await cluster.apply(
        deployment({ namespace, service: name }),
        service({ namespace, service: name }),
      );
    for (const key of ["mp-101", "mp-102"])
      await cluster.apply(
        deployment({ namespace, service: "payment-service", variant: key }),
        branchService(key),
      );
    await apply(virtualService);
    operator = startOperator([namespace]);
    await operator.says(/"msg":"leads"/);
    for (const key of ["mp-101", "mp-102"]) await apply(merge(key));
    [caller] = (await cluster.readyPods(namespace, "app=caller")) as [TestPod];
    await cluster.readyPods(namespace, "app=payment-service");
    await cluster.readyPods(namespace, "cocktail.dev/service=payment-service", 2);
    for (const key of ["mp-101", "mp-102"]) await becomes(`payment-service:${key}`, key);
  });
  after(async () => {
    for (const key of ["mp-101", "mp-102"])
      await removeMerge(api, { namespace, name: `payment-service-${key}` });
    operator.signal("SIGTERM");
    await operator.exited;
    await cluster.remove(meshNamespace(namespace));
    await api.close();
  });

  async function servedBy(route?: string): Promise<string> {
    const headers = route === undefined ? [] : ["x-service-route", route];
    const [answer] = await cluster.send(caller, [{ host, port: appPort, path: "/", headers }]);
    if (answer?.status !== 200) return String(answer?.status);
    return (JSON.parse(answer.body) as { served: string }).served;
  }

  async function becomes(route: string, key: string): Promise<void> {
    let last = "";
    await until(
      `${route} to be answered by ${key}`,
      async () => {
        last = await servedBy(route);
        return last === `payment-service:${key}`;
      },
      { ms: 30_000, everyMs: 50, seen: () => last },
    );
  }

  test("route as the deck says, but that another key that begins alike reaches stable", async () => {
    for (const [route, key] of [
      [undefined, "stable"],
      ["payment-service:mp-101", "mp-101"],
      ["cart-service:mp-102::payment-service:mp-101", "mp-101"],
      ["payment-service:mp-101::cart-service:mp-102", "mp-101"],
      ["payment-service:mp-102", "mp-102"],
      ["cart-service:mp-101", "stable"],
      ["my-payment-service:mp-101", "stable"],
      ["payment-service:mp-1012", "stable"],
      ["payment-service:mp-101-hotfix", "stable"],
      ["cart-service:mp-1::payment-service:mp-1012", "stable"],
    ] as const)
      assert.equal(await servedBy(route), `payment-service:${key}`, route);
  });

  test("an apply of the service's manifest keeps the branches, and deletion of one the other", async (t) => {
    const applied = performance.now();
    await apply(virtualService.replace("name: stable", "name: stable\n    timeout: 3s"));
    // Of so many answers in a row: the wipe, and its end, reach the caller a moment later.
    const gaps: number[] = [];
    for (let good = 0; good < 100;) {
      const isBranch = (await servedBy("payment-service:mp-102")).endsWith("mp-102");
      good = isBranch ? good + 1 : 0;
      if (!isBranch) gaps.push(performance.now() - applied);
      assert.ok(performance.now() - applied < 30_000, "the routes don't come back");
    }
    t.diagnostic(`stable answered from ${gaps[0]} to ${gaps.at(-1)} ms after the apply`);
    const at = { namespace, name: "payment-service" };
    const object = await getObject(api, virtualServices, at);
    assert.equal(routeNames(object).length, 3);
    assert.match(JSON.stringify(object?.["spec"]), /"timeout":"3s"/);
    await deleteObject(api, mergeKind.deck, { namespace, name: "payment-service-mp-101" });
    await becomes("payment-service:mp-101", "stable");
    assert.equal(await servedBy("payment-service:mp-102"), "payment-service:mp-102");
    const kept: KubeObject = await merged(api, { namespace, name: "payment-service-mp-102" });
    assert.match(JSON.stringify(kept["status"]), /LoosePattern/);
  });
});
