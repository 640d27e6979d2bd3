import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  defaultMeshNames,
  type HttpRoute,
  type KubeObject,
  merge,
  type MeshService,
  type Patch,
  type RawVirtualService,
  renderGammaForm,
  renderMeshFilter,
  renderRegexForm,
  renderTableForm,
  unmerge,
  withDelegate,
} from "@cocktail/mesh";
import type { RouteTable } from "@cocktail/route";
import { until } from "@cocktail/test-support";
import {
  type Answer,
  appPort,
  type Cluster,
  connect,
  deployment,
  isOwnCluster,
  meshNamespace,
  service,
  type TestPod,
} from "@cocktail/testbed";
import { hostOf, toTestObjects } from "./support/mesh-objects.ts";

const namespace = "mesh-routes";
const scoped = "mesh-routes-scoped";
const key = "mp-101";
const services = ["by-table", "by-regex", "split", "merged", "gamma"] as const;
type Name = (typeof services)[number];

const live = { incarnation: 1, revision: "abc1234", onUnavailable: "Fail" } as const;
const tableOf = (name: Name): RouteTable => ({
  epoch: 1,
  tag: "0a1b2c3d",
  resolver: 1,
  historyFloor: 0,
  services: {
    [name]: { stable: { ...live, tier: "stable" }, [key]: { ...live, tier: "branch" } },
  },
  environments: { "ops-101": { parent: "stable", members: { [name]: key } } },
});

const to = (name: string) => [{ destination: { host: name, port: { number: appPort } } }];

function chart(name: Name, http: readonly HttpRoute[]): MeshService["base"] {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace },
    spec: { hosts: [name], http },
  };
}

function meshService(name: Name, http: readonly HttpRoute[]): MeshService {
  const base = withDelegate(chart(name, http), name, defaultMeshNames);
  return { name, namespace, ports: [{ number: appPort, name: "http" }], base };
}

const withPaths = (name: Name): readonly HttpRoute[] => [
  { name: "old", match: [{ uri: { prefix: "/old" } }], redirect: { uri: "/new" } },
  { name: "api", match: [{ uri: { prefix: "/api/" } }], rewrite: { uri: "/" }, route: to(name) },
  { name: "stable", route: to(name) },
];

const pinned = (name: Name): Headers => ({ "x-service-route": `${name}:${key}` });
type Headers = Readonly<Record<string, string>>;

/** A VirtualServiceMerge as it is passed around, with a destination. */
const patch: Patch = {
  owner: {
    namespace,
    name: `merged-${key}`,
    uid: "7c1f",
    generation: 1,
    createdAt: "2026-01-01T00:00:00Z",
  },
  patch: {
    http: [
      {
        name: `merged-${key}`,
        match: [
          { headers: { "x-service-route": { regex: `^(merged:${key}.*|.*::merged:${key}.*)$` } } },
        ],
        route: to(`merged-${key}`),
      },
    ],
  },
};

describe("routes of every form in a real mesh", () => {
  let cluster: Cluster;
  let caller: TestPod;
  let stranger: TestPod;
  const written: KubeObject[] = [];

  async function write(...objects: readonly KubeObject[]): Promise<void> {
    written.push(...objects);
    await cluster.apply(...toTestObjects(objects));
  }

  before(async () => {
    cluster = connect();
    await cluster.apply(meshNamespace(namespace), meshNamespace(scoped));
    for (const name of ["caller", "split-canary", ...services])
      await cluster.apply(
        deployment({ namespace, service: name }),
        service({ namespace, service: name }),
      );
    for (const name of ["by-table", "by-regex", "merged", "gamma"])
      await cluster.apply(deployment({ namespace, service: name, variant: key }));
    await cluster.apply(deployment({ namespace: scoped, service: "stranger" }));
    await cluster.apply({
      apiVersion: "networking.istio.io/v1",
      kind: "Sidecar",
      metadata: { name: "default", namespace: scoped },
      spec: { egress: [{ hosts: [`${namespace}/${hostOf("by-table", namespace)}`] }] },
    });
    await cluster.apply(...toTestObjects([renderMeshFilter(defaultMeshNames)]));
    const forms = [
      ["by-table", renderTableForm],
      ["by-regex", renderRegexForm],
    ] as const;
    for (const [name, render] of forms) {
      const one = meshService(name, withPaths(name));
      await write(one.base, ...render(one, tableOf(name), defaultMeshNames));
    }
    [caller] = (await cluster.readyPods(namespace, "app=caller")) as [TestPod];
    [stranger] = (await cluster.readyPods(scoped, "app=stranger")) as [TestPod];
    for (const name of services) await cluster.readyPods(namespace, `app=${name}`);
    await cluster.readyPods(namespace, `cocktail.dev/variant=${key}`, 4);
  });
  after(async () => {
    const outside = written.filter(({ metadata }) => metadata.namespace !== namespace);
    await cluster.remove(
      ...toTestObjects(outside),
      meshNamespace(namespace),
      meshNamespace(scoped),
    );
  });

  async function ask(name: Name, headers: Headers, path = "/", from = caller): Promise<Answer> {
    const host = hostOf(name, namespace);
    const order = { host, port: appPort, path, headers: Object.entries(headers).flat() };
    const [answer] = await cluster.send(from, [order]);
    assert.ok(answer);
    return answer;
  }

  const servedBy = ({ status, body }: Answer): string =>
    status === 200 ? (JSON.parse(body) as { served: string }).served : String(status);

  async function becomes(
    what: string,
    expected: string,
    send: () => Promise<Answer>,
  ): Promise<void> {
    let last = "";
    await until(
      `${what} to be served by ${expected}`,
      async () => {
        last = servedBy(await send());
        return last === expected;
      },
      { ms: 30_000, everyMs: 50, seen: () => last },
    );
  }

  for (const name of ["by-table", "by-regex"] as const) {
    test(`${name}: a variant keeps the paths, rewrites and redirects of its chart`, async () => {
      await becomes("the pin", `${name}:${key}`, () => ask(name, pinned(name)));
      const pathOf = ({ body }: Answer): string => (JSON.parse(body) as { path: string }).path;
      const api = await ask(name, pinned(name), "/api/x");
      assert.deepEqual([servedBy(api), pathOf(api)], [`${name}:${key}`, "/x"]);
      const other = await ask(name, { "x-source-route": "ops-101" }, "/other");
      assert.deepEqual([servedBy(other), pathOf(other)], [`${name}:${key}`, "/other"]);
      for (const headers of [pinned(name), {}])
        assert.equal((await ask(name, headers, "/old/x")).status, 301);
      assert.equal(servedBy(await ask(name, {}, "/api/x")), `${name}:stable`);
    });
    test(`${name}: a strict miss gets 424, and x-route-served names who answered`, async () => {
      const gone = { "x-service-route": `${name}:gone` };
      const strict = await ask(name, { ...gone, "x-route-mode": "strict" });
      assert.deepEqual([strict.status, /StrictMiss/.test(strict.body)], [424, true]);
      for (const [headers, served] of [
        [pinned(name), key],
        [gone, "stable"],
        [{ "x-service-route": `${name}:stable` }, "stable"],
      ] as const) {
        const answer = (await ask(name, headers)).headers;
        assert.equal(answer[answer.indexOf("x-route-served") + 1], `${name}:${served}`);
      }
    });
  }

  const skip = isOwnCluster && "it looks into an Envoy of the testbed";
  test("the table form divides stable's requests by the chart's weights", { skip }, async () => {
    const host = (name: string, weight: number) => ({ ...to(name)[0]!, weight });
    const one = meshService("split", [
      { name: "stable", route: [host("split", 50), host("split-canary", 50)] },
    ]);
    await write(one.base, ...renderTableForm(one, tableOf("split"), defaultMeshNames));
    const header = { "x-service-route": "other:a" };
    const dump = `http://${caller.ip}:15000/config_dump?resource=dynamic_route_configs`;
    await until(
      "the table at the caller",
      async () => (await (await fetch(dump)).text()).includes("SPLIT={{"),
      { ms: 30_000, everyMs: 50 },
    );
    const served = new Set<string>();
    for (let at = 0; at < 60; at++) served.add(servedBy(await ask("split", header)));
    // One of two, 60 times: the chance that only one answers is below one in 10^17.
    assert.deepEqual([...served].toSorted(), ["split-canary:stable", "split:stable"]);
  });

  test("a caller whose Sidecar names the service alone reaches its variants: the delegate's anchor brings their cluster", async () => {
    const send = (): Promise<Answer> => ask("by-table", pinned("by-table"), "/", stranger);
    await becomes("the pin from a scoped caller", `by-table:${key}`, send);
    const one = meshService("by-table", withPaths("by-table"));
    const delegate = renderTableForm(one, tableOf("by-table"), defaultMeshNames).find(
      ({ kind }) => kind === "VirtualService",
    ) as MeshService["base"];
    const http = delegate.spec.http?.filter(({ name }) => name !== "anchor") ?? [];
    await write({ ...delegate, spec: { ...delegate.spec, http } });
    await becomes("the pin without an anchor", "503", send);
    await write(delegate);
    await becomes("the pin with the anchor again", `by-table:${key}`, send);
  });

  test("a patch that is merged in place routes its variant, no longer key, and leaves nothing", async () => {
    await cluster.apply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `merged-${key}`, namespace },
      spec: {
        selector: { "cocktail.dev/service": "merged", "cocktail.dev/variant": key },
        ports: [{ name: "http", port: appPort }],
      },
    });
    const base: RawVirtualService = chart("merged", [{ name: "stable", route: to("merged") }]);
    const { virtualService } = merge(base, [patch]);
    await write(virtualService);
    const list = `other:a,merged:${key}`;
    await becomes("the pin", `merged:${key}`, () => ask("merged", { "x-service-route": list }));
    for (const pin of [`merged:${key}2`, `merged:${key}-hotfix`])
      assert.equal(servedBy(await ask("merged", { "x-service-route": pin })), "merged:stable");
    assert.equal(servedBy(await ask("merged", {})), "merged:stable");
    const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/merged`;
    const read = (await cluster.api.call("GET", path)) as RawVirtualService;
    assert.equal(merge(read, [patch]).virtualService, read);
    assert.deepEqual(unmerge(read).spec, base.spec);
    await write(unmerge(virtualService));
    await becomes("the pin", "merged:stable", () => ask("merged", pinned("merged")));
  });

  test("HTTPRoutes: a pin beats an environment, and both beat the longest path of the base", async () => {
    const base = {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "gamma", namespace },
      spec: {
        parentRefs: [{ group: "", kind: "Service", name: "gamma", port: appPort }],
        rules: ["/", "/api/"].map((value) => ({
          matches: [{ path: { type: "PathPrefix", value } }],
          backendRefs: [{ name: "gamma", port: appPort }],
        })),
      },
    };
    const one = { name: "gamma", namespace, ports: [{ number: appPort, name: "http" }] };
    const objects = renderGammaForm({ ...one, base: [base] }, tableOf("gamma"), defaultMeshNames);
    await write(base, ...objects);
    const environment = { "x-source-route": "ops-101" };
    for (const path of ["/", "/api/x"]) {
      await becomes("the pin", `gamma:${key}`, () => ask("gamma", pinned("gamma"), path));
      await becomes("the environment", `gamma:${key}`, () => ask("gamma", environment, path));
      const stable = { ...environment, "x-service-route": "gamma:stable" };
      await becomes("a pin of stable", "gamma:stable", () => ask("gamma", stable, path));
      assert.equal(servedBy(await ask("gamma", {}, path)), "gamma:stable");
      const near = { "x-service-route": `gamma:${key}2` };
      assert.equal(servedBy(await ask("gamma", near, path)), "gamma:stable");
    }
  });
});
