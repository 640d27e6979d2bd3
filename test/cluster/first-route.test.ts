import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultMeshNames, renderMeshFilter, renderTableForm } from "@cocktail/mesh";
import type { RouteTable } from "@cocktail/route";
import { until } from "@cocktail/test-support";
import {
  type Answer,
  appPort,
  type Cluster,
  connect,
  deployment,
  meshNamespace,
  type Order,
  service,
  type TestPod,
} from "@cocktail/testbed";
import { hostOf, meshService, toTestObjects } from "./support/mesh-objects.ts";

const namespace = "first-route";
const hops = ["cart-service", "payment-service"] as const;

const live = (...keys: readonly string[]) =>
  Object.fromEntries(
    keys.map((key) => [
      key,
      { incarnation: 1, tier: "branch", revision: "abc1234", onUnavailable: "Fail" } as const,
    ]),
  );

const table: RouteTable = {
  epoch: 7,
  tag: "0a1b2c3d",
  resolver: 1,
  historyFloor: 0,
  services: {
    "cart-service": live("stable", "mp-102"),
    "payment-service": live("stable", "mp-101"),
  },
  environments: {
    "ops-101": {
      parent: "stable",
      members: { "cart-service": "mp-102", "payment-service": "mp-101" },
    },
    broken: { parent: "stable", members: { "payment-service": "gone" } },
  },
};

describe("a route through three sidecars", () => {
  let cluster: Cluster;
  let storefront: TestPod;

  before(async () => {
    cluster = connect();
    await cluster.apply(meshNamespace(namespace));
    for (const name of ["storefront", ...hops]) {
      const stable = { namespace, service: name };
      await cluster.apply(deployment(stable), service(stable));
    }
    for (const [name, variant] of [
      ["cart-service", "mp-102"],
      ["payment-service", "mp-101"],
    ] as const)
      await cluster.apply(deployment({ namespace, service: name, variant }));
    await cluster.apply(...toTestObjects([renderMeshFilter(defaultMeshNames)]));
    for (const name of hops) {
      const one = meshService(name, namespace);
      await cluster.apply(
        ...toTestObjects([one.base, ...renderTableForm(one, table, defaultMeshNames)]),
      );
    }
    [storefront] = (await cluster.readyPods(namespace, "app=storefront")) as [TestPod];
    for (const name of hops) {
      await cluster.readyPods(namespace, `app=${name}`);
      await cluster.readyPods(namespace, `cocktail.dev/service=${name}`);
    }
    await until(
      "the routes to be in force at both callers",
      async () =>
        (await walk({ "x-source-route": "ops-101" })).join() ===
        "cart-service:mp-102,payment-service:mp-101",
      { ms: 30_000, everyMs: 100, retryErrors: true },
    );
  });
  after(async () => {
    await cluster.remove(meshNamespace(namespace));
  });

  const order = (headers: Readonly<Record<string, string>>, path = "/"): Order => ({
    host: hostOf("cart-service", namespace),
    port: appPort,
    path,
    headers: Object.entries(headers).flat(),
  });

  async function ask(headers: Readonly<Record<string, string>>, path?: string): Promise<Answer> {
    const [answer] = await cluster.send(storefront, [order(headers, path)]);
    assert.ok(answer);
    return answer;
  }

  /** Who served each hop of storefront -> cart-service -> payment-service. */
  async function walk(headers: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const { status, body } = await ask(
      headers,
      `/next/${hostOf("payment-service", namespace)}:${appPort}`,
    );
    assert.equal(status, 200, body);
    const { served, next } = JSON.parse(body) as { served: string; next: { served: string } };
    return [served, next.served];
  }

  const header = ({ headers }: Answer, name: string): string | undefined =>
    headers[headers.findIndex((one, at) => at % 2 === 0 && one.toLowerCase() === name) + 1];

  for (const [what, headers, expected] of [
    ["without a route", {}, ["cart-service:stable", "payment-service:stable"]],
    [
      "with a pin of the second hop",
      { "x-service-route": "payment-service:mp-101" },
      ["cart-service:stable", "payment-service:mp-101"],
    ],
    [
      "with pins of both hops",
      { "x-service-route": "payment-service:mp-101::cart-service:mp-102" },
      ["cart-service:mp-102", "payment-service:mp-101"],
    ],
    [
      "with a pin that only begins like a live one",
      { "x-service-route": "payment-service:mp-1012::cart-service:mp-102-hotfix" },
      ["cart-service:stable", "payment-service:stable"],
    ],
    [
      "with a route in baggage alone",
      { baggage: "user=7,source-route=ops-101" },
      ["cart-service:mp-102", "payment-service:mp-101"],
    ],
    [
      "with baggage of others",
      { baggage: "user=7" },
      ["cart-service:stable", "payment-service:stable"],
    ],
  ] as const)
    test(`a request ${what} is served by ${expected.join(" and ")}`, async () => {
      assert.deepEqual(await walk(headers), expected);
    });

  test("every answer says who served it", async () => {
    for (const [headers, served] of [
      [{}, "cart-service:stable"],
      [{ "x-service-route": "other:a" }, "cart-service:stable"],
      [{ "x-source-route": "ops-101" }, "cart-service:mp-102"],
    ] as const)
      assert.equal(header(await ask(headers), "x-route-served"), served);
  });

  test("a strict request that misses its pin gets 424 with a problem document", async () => {
    const answer = await ask({ "x-service-route": "cart-service:gone", "x-route-mode": "strict" });
    assert.equal(answer.status, 424);
    assert.equal(header(answer, "content-type"), "application/problem+json");
    assert.match(answer.body, /"StrictMiss"/);
    assert.match(answer.body, /cart-service:gone/);
  });

  test("a variant without a ready endpoint answers 503 that names it, never stable", async () => {
    const down = { namespace, service: "cart-service", variant: "mp-102" };
    await cluster.apply(deployment({ ...down, replicas: 0 }));
    const route = { "x-service-route": "cart-service:mp-102" };
    const seen = new Set<string>();
    const answer = await until(
      "the endpoint to leave",
      async () => {
        const one = await ask(route);
        seen.add(one.status === 200 ? one.body.replace(/,"pod.*/s, "") : String(one.status));
        // Before that, a connection that ends with the pod is a 503 of Envoy's own.
        return one.body.includes("VariantUnavailable") ? one : undefined;
      },
      { ms: 30_000, everyMs: 50 },
    );
    assert.match(answer.body, /cart-service-variants/);
    assert.match(answer.body, /mp-102/);
    assert.ok(![...seen].some((one) => one.includes("stable")), [...seen].join());
    await cluster.apply(deployment(down));
    await until("the variant to answer again", async () => (await ask(route)).status === 200, {
      ms: 30_000,
    });
  });
});
