import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultMeshNames, fieldsOf, listOf, renderMeshFilter } from "@cocktail/mesh";
import { until } from "@cocktail/test-support";
import {
  appPort,
  type Cluster,
  connect,
  deployment,
  isOwnCluster,
  meshNamespace,
  service,
  type TestObject,
  type TestPod,
  xds,
} from "@cocktail/testbed";
import { applyOwnDefinitions } from "../support/definitions.ts";
import { unusedName } from "../support/kube.ts";
import type { LinesProcess } from "../support/lines-process.ts";
import { hostOf, meshService, toTestObjects } from "../support/mesh-objects.ts";
import { applyDefinitions, startOperator } from "../support/merges.ts";

const namespace = unusedName("variants");
const payment = "payment-service";
const cart = "cart-service";
const api = `/apis/cocktail.dev/v1alpha1/namespaces/${namespace}`;

/** As a branch's pipeline writes it. */
function svar(of: string, variant: string, more: object = {}): TestObject {
  return {
    apiVersion: "cocktail.dev/v1alpha1",
    kind: "ServiceVariant",
    metadata: { name: `${of}.${variant}`, namespace },
    spec: { service: of, variant, ...more },
  };
}

function benv(name: string, members: Readonly<Record<string, string>>): TestObject {
  const list = Object.entries(members).map(([of, variant]) => ({ service: of, variant }));
  return {
    apiVersion: "cocktail.dev/v1alpha1",
    kind: "Environment",
    metadata: { name, namespace },
    spec: { members: list },
  };
}

describe(
  "variants in a cluster",
  { skip: isOwnCluster && "istiod's port is inside of the testbed" },
  () => {
    let cluster: Cluster;
    let caller: TestPod;
    let operator: LinesProcess;
    const words = ["--variants", namespace, `--xds=${xds.host}:${xds.port}`, "--margin-ms=200"];

    before(async () => {
      cluster = connect();
      await applyDefinitions(cluster);
      await applyOwnDefinitions(cluster);
      await cluster.apply(
        meshNamespace(namespace),
        ...toTestObjects([renderMeshFilter(defaultMeshNames)]),
      );
      for (const one of ["caller", payment, cart])
        await cluster.apply(
          deployment({ namespace, service: one }),
          service({ namespace, service: one }),
        );
      for (const one of [payment, cart])
        await cluster.apply(...toTestObjects([meshService(one, namespace).base]));
      [caller = assert.fail("no caller")] = await cluster.readyPods(namespace, "app=caller");
      for (const one of [payment, cart]) await cluster.readyPods(namespace, `app=${one}`);
      operator = startOperator([namespace], { words });
      await isReady(`${payment}.stable`);
    });
    after(async () => {
      // While the operator runs, which takes its finalizers off.
      for (const one of [payment, cart])
        await cluster.remove(...toTestObjects([meshService(one, namespace).base]));
      await cluster.remove(benv("ops-101", {}), ...[svar(payment, "mp-101"), svar(cart, "mp-103")]);
      await until(
        "the objects to be gone",
        async () => {
          const { body } = await cluster.api.raw("GET", `${api}/servicevariants`);
          return listOf(fieldsOf(body)["items"]).length === 0;
        },
        { ms: 30_000, everyMs: 100, seen: () => operator.lines.slice(-12) },
      );
      await stop("SIGTERM");
      await cluster.remove(meshNamespace(namespace));
    });

    async function isReady(name: string, kind = "servicevariants"): Promise<void> {
      const seen = (): unknown => operator.lines.slice(-12);
      await until(
        `${name} to be ready`,
        async () => isConditionTrue((await cluster.api.raw("GET", `${api}/${kind}/${name}`)).body),
        { ms: 30_000, everyMs: 50, seen },
      );
    }

    async function stop(signal: NodeJS.Signals): Promise<void> {
      operator.signal(signal);
      await operator.exited;
    }

    async function servedBy(of: string, headers: readonly string[]): Promise<string> {
      const order = { host: hostOf(of, namespace), port: appPort, headers };
      const [answer] = await cluster.send(caller, [order]);
      return (
        JSON.stringify(answer).match(/x-route-served","([^"]+)"/)?.[1] ?? JSON.stringify(answer)
      );
    }

    const pinned = (...pins: readonly string[]): readonly string[] => [
      "x-service-route",
      pins.join("::"),
    ];

    test("stable is found by its chart, and served to everybody", async () => {
      assert.equal(await servedBy(payment, []), `${payment}:stable`);
      assert.equal(await servedBy(payment, pinned(`${payment}:mp-101`)), `${payment}:stable`);
    });

    test("a branch is pods with two labels and one object; ready means that a pinned request reaches it", async () => {
      await cluster.apply(
        svar(payment, "mp-101"),
        deployment({ namespace, service: payment, variant: "mp-101" }),
      );
      await isReady(`${payment}.mp-101`);
      assert.equal(await servedBy(payment, pinned(`${payment}:mp-101`)), `${payment}:mp-101`);
      assert.equal(await servedBy(payment, pinned(`${payment}:mp-1012`)), `${payment}:stable`);
      assert.equal(await servedBy(payment, []), `${payment}:stable`);
    });

    test("several branches are an environment", async () => {
      await cluster.apply(
        svar(cart, "mp-102"),
        deployment({ namespace, service: cart, variant: "mp-102" }),
        benv("ops-101", { [payment]: "mp-101", [cart]: "mp-102" }),
      );
      await isReady(`${cart}.mp-102`);
      await isReady("ops-101", "environments");
      for (const [of, key] of [
        [payment, "mp-101"],
        [cart, "mp-102"],
      ] as const)
        assert.equal(await servedBy(of, ["x-source-route", "ops-101"]), `${of}:${key}`);
    });

    test("a source that is not supported is said", async () => {
      await cluster.apply(svar(cart, "mp-104", { fork: { image: "cart:2" } }));
      await until("the reason", async () => {
        const { body } = await cluster.api.raw("GET", `${api}/servicevariants/${cart}.mp-104`);
        return JSON.stringify(body).includes("fork and destination are not supported yet");
      });
      await cluster.remove(svar(cart, "mp-104"));
    });

    test("what somebody removes or changes is written again", async () => {
      const delegate = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${payment}-variants`;
      await cluster.api.call("DELETE", delegate);
      await until("the delegate to be back", async () => {
        const { status } = await cluster.api.raw("GET", delegate);
        return status === 200;
      });
      await until(
        "the branch to be reached again",
        async () => (await servedBy(payment, pinned(`${payment}:mp-101`))) === `${payment}:mp-101`,
      );
    });

    test("a deleted branch is gone for its callers before its object is", async () => {
      await cluster.remove(svar(cart, "mp-102"));
      await until(
        "the object to be gone",
        async () => {
          const { status } = await cluster.api.raw("GET", `${api}/servicevariants/${cart}.mp-102`);
          return status === 404;
        },
        { ms: 30_000, everyMs: 50 },
      );
      assert.equal(await servedBy(cart, pinned(`${cart}:mp-102`)), `${cart}:stable`);
      // Its cluster goes last, when nothing names it any more.
      const rule = `/apis/networking.istio.io/v1/namespaces/${namespace}/destinationrules/${cart}-variants`;
      await until("its subset to be gone", async () => {
        const { status, body } = await cluster.api.raw("GET", rule);
        return status === 200 && !JSON.stringify(body).includes("mp-102");
      });
    });

    test("an operator that is killed leaves everything routed, and its successor goes on", async () => {
      await stop("SIGKILL");
      assert.equal(await servedBy(payment, pinned(`${payment}:mp-101`)), `${payment}:mp-101`);
      operator = startOperator([namespace], { words });
      await cluster.apply(
        svar(cart, "mp-103"),
        deployment({ namespace, service: cart, variant: "mp-103" }),
      );
      await isReady(`${cart}.mp-103`);
      assert.equal(await servedBy(cart, pinned(`${cart}:mp-103`)), `${cart}:mp-103`);
      assert.equal(await servedBy(payment, pinned(`${payment}:mp-101`)), `${payment}:mp-101`);
    });
  },
);

function isConditionTrue(object: unknown): boolean {
  const { conditions } = fieldsOf(fieldsOf(object)["status"]);
  return listOf(conditions).some(({ type, status }) => type === "Ready" && status === "True");
}
