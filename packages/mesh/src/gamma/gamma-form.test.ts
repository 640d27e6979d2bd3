import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isRouted, readRoute } from "@cocktail/route";
import { namespace, tableOf } from "../../test/cases.ts";
import { clusters, expectedCluster } from "../../test/expected.ts";
import { golden } from "../../test/golden.ts";
import { matchesRoute } from "../../test/match.ts";
import { canonicalRequests, type HeaderLines, tables, valuesOf } from "../../test/requests.ts";
import {
  defaultMeshNames,
  type GammaService,
  type HttpRouteObject,
  type KubeObject,
  renderGammaForm,
} from "../index.ts";

const service: GammaService = {
  name: "payment-service",
  namespace,
  ports: [{ number: 8080, name: "http" }],
};
const table = tableOf("payment-service", ["stable", "mp-101"]);
const parent = { group: "", kind: "Service", name: "payment-service", port: 8080 };
const prefix = (value: string) => ({ path: { type: "PathPrefix", value } });
const base: HttpRouteObject = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name: "payment-service", namespace },
  spec: {
    parentRefs: [parent],
    rules: [
      {
        matches: [prefix("/api")],
        timeouts: { request: "3s" },
        filters: [
          {
            type: "ResponseHeaderModifier",
            responseHeaderModifier: { set: [{ name: "x-from", value: "api" }] },
          },
          {
            type: "URLRewrite",
            urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } },
          },
        ],
        backendRefs: [{ name: "payment-service", port: 8080 }],
      },
      {
        matches: [prefix("/v2"), { ...prefix("/v3"), method: "GET" }],
        backendRefs: [{ name: "payment-service", port: 8080 }],
      },
      { backendRefs: [{ name: "payment-service", port: 8080 }] },
    ],
  },
};

const render = (one: GammaService, of = table): readonly KubeObject[] =>
  renderGammaForm(one, of, defaultMeshNames);
const httpRoutes = (objects: readonly KubeObject[]): readonly HttpRouteObject[] =>
  objects.filter((one): one is HttpRouteObject => one.kind === "HTTPRoute");

test("without an HTTPRoute of the chart, stable's is written first", () => {
  const objects = render(service);
  golden("gamma/plain", "A Service without an HTTPRoute of its own.", objects);
  assert.equal(objects[0]?.kind, "HTTPRoute");
  assert.equal(httpRoutes(objects)[0]?.spec.rules?.[0]?.matches, undefined);
});

test("each rule of the chart's HTTPRoute is repeated with its paths, filters and timeouts", () => {
  const objects = render({ ...service, base: [base] });
  golden("gamma/paths", "The chart's HTTPRoute, and what is added to it.", [base, ...objects]);
});

test("an HTTPRoute keeps the limits of the Gateway API", () => {
  const environments = Object.fromEntries(
    Array.from({ length: 150 }, (_, at) => [
      `e${at}`,
      { parent: "stable", members: { "payment-service": "mp-101" } },
    ]),
  );
  const many = { ...table, environments };
  const routes = httpRoutes(render({ ...service, base: [base] }, many));
  assert.ok(routes.length > 4);
  assert.equal(new Set(routes.map(({ metadata }) => metadata.name)).size, routes.length);
  for (const { spec } of routes) {
    const { rules = [] } = spec;
    assert.ok(rules.length <= 16);
    assert.ok(rules.every(({ matches = [] }) => matches.length <= 64));
    assert.ok(rules.flatMap(({ matches = [] }) => matches).length < 128);
  }
});

test("two services and keys never share the name of an object", () => {
  const names = (name: string, key: string) =>
    render({ ...service, name }, tableOf(name, ["stable", key])).map(
      ({ kind, metadata }) => `${kind} ${metadata.name}`,
    );
  const [a, b] = [names("a", "b-c"), names("a-b", "c")];
  assert.deepEqual(
    a.filter((one) => b.includes(one)),
    [],
  );
});

/** The match that wins: most header conditions, all paths being equal. */
function answerOf(objects: readonly KubeObject[], request: HeaderLines): string {
  const headers = Object.fromEntries(
    request.map(([name]) => [name, (valuesOf(request, name) ?? []).join(",")]),
  );
  const seen = {
    uri: "/",
    method: "GET",
    authority: "a",
    port: 8080,
    sourceNamespace: "a",
    headers,
  };
  const matches = httpRoutes(objects).flatMap(({ spec }) =>
    (spec.rules ?? []).flatMap((rule) =>
      (rule.matches ?? [{}]).map(({ headers: asked = [] }) => {
        const texts = asked.map(({ name, value, type }) => [
          name,
          type === "Exact" ? { exact: value } : { regex: value },
        ]);
        const match = [{ headers: Object.fromEntries(texts) as Record<string, object> }];
        const [backend] = rule.backendRefs ?? [];
        return {
          size: asked.length,
          backend: backend?.name ?? "",
          isHit: matchesRoute({ match }, seen),
        };
      }),
    ),
  );
  const hits = matches.filter(({ isHit }) => isHit).toSorted((a, b) => b.size - a.size);
  // What wins must not depend on the age of objects.
  const best = hits.filter(({ size }) => size === hits[0]?.size);
  assert.equal(new Set(best.map(({ backend }) => backend)).size, 1);
  const name = best[0]?.backend ?? "";
  const found = objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === name);
  const { selector } = (found?.spec ?? { selector: {} }) as { selector: Record<string, string> };
  return clusters.of(selector["cocktail.dev/variant"] ?? "stable");
}

test("the HTTPRoutes answer canonical headers as resolve does, but for strict mode and a service without stable", () => {
  fc.assert(
    fc.property(
      tables,
      fc.constantFrom("payment-service", "a"),
      fc.array(canonicalRequests, { minLength: 20, maxLength: 20 }),
      (drawn, name, all) => {
        const stable = {
          incarnation: 1,
          tier: "stable",
          revision: "a",
          onUnavailable: "Fail",
        } as const;
        const of = {
          ...drawn,
          services: { ...drawn.services, [name]: { ...drawn.services[name], stable } },
        };
        const objects = render({ ...service, name }, of);
        for (const request of all) {
          const headers = request.filter(([one]) => one !== "baggage" && one !== "x-route-mode");
          const { route } = readRoute((one) => valuesOf(headers, one));
          const expected = expectedCluster(of, name, headers, clusters);
          assert.equal(answerOf(objects, headers), expected, `routed: ${isRouted(route)}`);
        }
      },
    ),
    { numRuns: 100 },
  );
});
