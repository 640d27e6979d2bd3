import assert from "node:assert/strict";
import { test } from "node:test";
import { STABLE } from "@cocktail/route";
import { cases, chart, hostOf, tableOf } from "../../test/cases.ts";
import { golden } from "../../test/golden.ts";
import { loadLua } from "../../test/lua.ts";
import {
  defaultMeshNames,
  type HttpRoute,
  type KubeObject,
  type MeshService,
  renderMeshFilter,
  renderRegexForm,
  renderTableForm,
  UnsupportedService,
  type VirtualService,
  withDelegate,
} from "../index.ts";

for (const [name, { why, service, table }] of Object.entries(cases)) {
  const base = [service.base, ...(service.rule === undefined ? [] : [service.rule])];
  test(`the objects of the table form: ${name}`, () => {
    const objects = renderTableForm(service, table, defaultMeshNames);
    golden(`table/${name}`, why, [...base, ...objects]);
  });
  test(`the objects of the regex form: ${name}`, () => {
    const objects = renderRegexForm(service, table, defaultMeshNames);
    golden(`regex/${name}`, why, [...base, ...objects]);
  });
  test(`no object has a name that Kubernetes refuses: ${name}`, () => {
    for (const render of [renderTableForm, renderRegexForm])
      for (const { kind, metadata } of render(service, table, defaultMeshNames)) {
        const limit = kind === "Service" ? 63 : 253;
        assert.ok(metadata.name.length <= limit, metadata.name);
        assert.match(metadata.name, /^[a-z]([-a-z0-9.]*[a-z0-9])?$/);
        for (const label of Object.values(metadata.labels ?? {})) assert.ok(label.length <= 63);
      }
  });
  test(`every route of the delegate has a match, and there is at least one: ${name}`, () => {
    for (const render of [renderTableForm, renderRegexForm]) {
      const http = delegateOf(render(service, table, defaultMeshNames)).spec.http ?? [];
      assert.ok(http.length > 0);
      for (const { match = [] } of http) {
        assert.ok(match.length > 0);
        for (const one of match) assert.ok(Object.keys(one).length > 0);
      }
    }
  });
}

test("the filter of the mesh", () => {
  golden("mesh-filter", "Installed once, and never changed.", [renderMeshFilter(defaultMeshNames)]);
});

function delegateOf(objects: readonly KubeObject[]): VirtualService {
  const found = objects.find(({ kind }) => kind === "VirtualService");
  return found as VirtualService;
}

interface Patch {
  readonly applyTo: string;
  readonly match: {
    readonly routeConfiguration: {
      readonly vhost: { readonly name: string; readonly route: { readonly name: string } };
    };
  };
  readonly patch: {
    readonly value: {
      readonly route: {
        readonly inline_cluster_specifier_plugin: {
          readonly extension: {
            readonly typed_config: {
              readonly source_code: { readonly inline_string: string };
              readonly default_cluster: string;
            };
          };
        };
      };
    };
  };
}

function filtersOf(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.filter(({ kind }) => kind === "EnvoyFilter");
}

function routePatches(objects: readonly KubeObject[]): readonly Patch[] {
  return filtersOf(objects).flatMap(({ spec }) =>
    (spec as { configPatches: readonly Patch[] }).configPatches.filter(
      ({ applyTo }) => applyTo === "HTTP_ROUTE",
    ),
  );
}

const luaOf = ({ patch }: Patch) =>
  patch.value.route.inline_cluster_specifier_plugin.extension.typed_config;

const stable = { name: "stable", route: [{ destination: { host: "payment-service" } }] };

function serviceOf(http: readonly HttpRoute[], more: Partial<MeshService> = {}): MeshService {
  const base = withDelegate(chart("payment-service", http), "payment-service", defaultMeshNames);
  return {
    name: "payment-service",
    namespace: "golden",
    ports: [{ number: 8080, name: "http" }],
    base,
    ...more,
  };
}

const table = tableOf("payment-service", ["stable", "mp-101"]);
const renderTable = (service: MeshService) => renderTableForm(service, table, defaultMeshNames);

test("the static block is written once: writing it again changes nothing", () => {
  const { base } = serviceOf([stable, { name: "x", redirect: { uri: "/" } }]);
  assert.deepEqual(withDelegate(base, "payment-service", defaultMeshNames), base);
});

test("a chart's own delegates stay where they are, for requests without a route too", () => {
  const own = { name: "docs", match: [{ uri: { prefix: "/docs" } }], delegate: { name: "docs" } };
  const names = serviceOf([own, stable]).base.spec.http?.map(({ name }) => name);
  assert.deepEqual(names, ["gate-docs", "gate-stable", "variants", "docs", "stable"]);
});

test("routes to the same destinations share a name and one copy of the table", () => {
  const api = { ...stable, name: "api", match: [{ uri: { prefix: "/api" } }] };
  const other = {
    name: "v2",
    match: [{ uri: { prefix: "/v2" } }],
    route: [{ destination: { host: "payment-service", subset: "v2" } }],
  };
  const objects = renderTable(serviceOf([api, other, stable]));
  assert.deepEqual(
    delegateOf(objects).spec.http?.map(({ name }) => name),
    ["table-0", "table-1", "table-0", "anchor"],
  );
  assert.deepEqual(
    routePatches(objects).map((one) => [
      one.match.routeConfiguration.vhost.route.name,
      luaOf(one).default_cluster,
    ]),
    [
      ["variants-table-0", `outbound|8080||${hostOf("payment-service")}`],
      ["variants-table-1", `outbound|8080|v2|${hostOf("payment-service")}`],
    ],
  );
});

test("two services never share the name of a filter", () => {
  const name = (service: string, namespace: string): string => {
    const own = { name: "stable", route: [{ destination: { host: service } }] };
    const base = withDelegate(
      { ...chart(service, [own]), metadata: { name: service, namespace } },
      service,
      defaultMeshNames,
    );
    const one = serviceOf([stable], { name: service, namespace, base });
    return (
      filtersOf(renderTableForm(one, tableOf(service, ["stable"]), defaultMeshNames))[0]?.metadata
        .name ?? ""
    );
  };
  assert.notEqual(name("c", "a-b"), name("b-c", "a"));
});

test("short hosts of the chart are completed with the namespace of its VirtualService", () => {
  const service = serviceOf([stable]);
  const base = { ...service.base, metadata: { ...service.base.metadata, namespace: "charts" } };
  const port = { number: 80 };
  const route = [{ destination: { host: "elsewhere", port } }];
  const moved = { ...base, spec: { ...base.spec, http: [{ name: "stable", route }] } };
  const [patch] = routePatches(renderTable({ ...service, base: moved }));
  assert.equal(
    patch && luaOf(patch).default_cluster,
    "outbound|80||elsewhere.charts.svc.cluster.local",
  );
});

test("requests of stable that are divided by weight are divided alike by the table, and branches are not", () => {
  const { service } = cases["weights"] ?? assert.fail();
  const [patch] = routePatches(renderTable(service));
  const answer = loadLua(patch ? luaOf(patch).source_code.inline_string : "");
  const asked = 4000;
  const count = (headers: readonly (readonly [string, string])[]) => {
    const answers = Array.from({ length: asked }, () => answer(headers).split("|")[2] ?? "");
    return Object.fromEntries(
      [...Map.groupBy(answers, (one) => one)].map(([one, all]) => [one, all.length]),
    );
  };
  assert.deepEqual(count([["x-service-route", "payment-service:mp-101"]]), { "mp-101": asked });
  for (const header of [
    ["x-service-route", `payment-service:${STABLE}`],
    ["x-source-route", "x"],
  ] as const) {
    const { v1 = 0, v2 = 0, ...others } = count([header]);
    assert.deepEqual(others, {});
    // 400 are expected; the chance of more than 100 off is below one in ten million.
    assert.ok(Math.abs(v2 - asked / 10) < 100, `${v1} to ${v2}`);
  }
});

test("a table that is too large for one object is divided, and each route is in one object", () => {
  const keys = ["stable", ...Array.from({ length: 3000 }, (_, at) => `mp-${at}`)];
  const ports = [1, 2, 3, 4, 5, 6].map((number) => ({ number, name: `http-${number}` }));
  const objects = renderTableForm(
    serviceOf([stable], { ports }),
    tableOf("payment-service", keys),
    defaultMeshNames,
  );
  const filters = filtersOf(objects);
  assert.ok(filters.length > 1);
  assert.equal(new Set(filters.map(({ metadata }) => metadata.name)).size, filters.length);
  for (const one of filters) assert.ok(JSON.stringify(one).length < 1_100_000);
  assert.equal(routePatches(objects).length, ports.length);
});

const manyKeys = ["stable", ...Array.from({ length: 12_000 }, (_, at) => `mp-${at}`)];

for (const [reason, service, render] of [
  ["ServiceName", serviceOf([stable], { name: "api.v1" }), renderTable],
  ["NoPorts", serviceOf([stable], { ports: [] }), renderTable],
  ["NoRoutes", serviceOf([]), renderTable],
  ["OwnDelegate", serviceOf([{ name: "d", delegate: { name: "docs" } }, stable]), renderTable],
  [
    "DestinationPort",
    serviceOf([{ route: [{ destination: { host: "elsewhere" } }] }]),
    renderTable,
  ],
  [
    "DestinationHeaders",
    serviceOf([
      {
        route: [
          { destination: { host: "payment-service", subset: "a" }, weight: 50, headers: {} },
          { destination: { host: "payment-service", subset: "b" }, weight: 50 },
        ],
      },
    ]),
    renderTable,
  ],
  [
    "HeaderInUse",
    serviceOf([{ ...stable, match: [{ headers: { baggage: { regex: ".*x.*" } } }] }, stable]),
    (one: MeshService) => renderRegexForm(one, table, defaultMeshNames),
  ],
  [
    "TooLarge",
    serviceOf([stable]),
    (one: MeshService) =>
      renderRegexForm(one, tableOf("payment-service", manyKeys), defaultMeshNames),
  ],
  [
    "TooLarge",
    serviceOf([stable]),
    (one: MeshService) =>
      renderTableForm(one, tableOf("payment-service", manyKeys), defaultMeshNames),
  ],
] as const)
  test(`a service that can't be rendered is refused with what to change: ${reason}, ${render.name || "regex form"}`, () => {
    assert.throws(
      () => render(service),
      (error) => error instanceof UnsupportedService && error.reason === reason,
    );
  });
