import assert from "node:assert/strict";
import { test } from "node:test";
import { STABLE } from "@cocktail/route";
import {
  baseRoute,
  branchRoute,
  patchOf,
  type Raw,
  routesOf,
  subsetsOf,
  target,
  to,
} from "../../test/merge-objects.ts";
import { merge, type MergeOptions, type Patch, type RawVirtualService } from "../index.ts";

const stable = baseRoute("stable");
const reasonsOf = (
  vs: RawVirtualService,
  patches: readonly Patch[],
  options?: MergeOptions,
): readonly string[] => merge(vs, patches, options).faults.map(({ reason }) => reason);
const one = (more: Partial<Patch["owner"]> = {}) =>
  patchOf("a", { http: [branchRoute("one", "one")] }, more);

const flaggers = target([stable]);
const ofFlagger: RawVirtualService = {
  ...flaggers,
  metadata: {
    ...flaggers.metadata,
    ownerReferences: [{ apiVersion: "flagger.app/v1beta1", kind: "Canary", name: "x", uid: "u" }],
  },
};

for (const [what, vs, reason] of [
  ["a delegate", { ...target([stable]), spec: { http: [stable] } }, "TargetIsDelegate"],
  ["Flagger's", ofFlagger, "ManagedByFlagger"],
] as const)
  test(`nothing is merged into a target that is ${what}, and what was is removed`, () => {
    assert.deepEqual(reasonsOf(vs, [one()]), [reason]);
    assert.equal(merge(vs, [one()]).virtualService, vs);
    const before = merge(target([stable]), [one()]).virtualService;
    const became = {
      ...before,
      metadata: {
        ...before.metadata,
        ...vs.metadata,
        annotations: before.metadata.annotations ?? {},
      },
      spec: { ...vs.spec, http: routesOf(before) },
    };
    assert.deepEqual(routesOf(merge(became, [one()]).virtualService), [stable]);
  });

test("a target that is bound to gateways alone is reported", () => {
  assert.deepEqual(reasonsOf(target([stable], { gateways: ["public"] }), [one()]), [
    "NotBoundToMesh",
  ]);
  assert.deepEqual(reasonsOf(target([stable], { gateways: ["public", "mesh"] }), [one()]), []);
});

test("of equal matches of two patches the second is reported, with the first's name", () => {
  const { faults } = merge(target([stable]), [one(), one({ namespace: "other" })]);
  assert.deepEqual(
    faults.map(({ owner, reason }) => [owner, reason]),
    [
      ["other/a", "EqualMatch"],
      ["other/a", "ShadowedRoute"],
    ],
  );
  assert.match(faults[0]?.message ?? "", /services\/a/);
});

test("a route that an earlier one covers is reported as shadowed", () => {
  const wide = { match: [{ headers: { "x-branch": { prefix: "mp-" } } }], route: to("wide") };
  const patches = [
    patchOf("a", { http: [wide] }),
    patchOf("b", { http: [branchRoute("b", "mp-1")] }),
  ];
  assert.deepEqual(reasonsOf(target([stable]), patches), ["ShadowedRoute"]);
});

test("a base route that gets no request any more is reported", () => {
  const base = target([baseRoute("api", { uri: { prefix: "/api" } }), stable]);
  const patch = patchOf("a", {
    http: [{ match: [{ uri: { prefix: "/api" } }], route: to("one") }],
  });
  const { faults } = merge(base, [patch]);
  assert.deepEqual(
    faults.map(({ reason, severity }) => [reason, severity]),
    [["HidesBaseRoute", "warning"]],
  );
  assert.match(faults[0]?.message ?? "", /The route api/);
});

for (const [what, match] of [
  ["no match", undefined],
  ["an empty match", [{}]],
  ["a prefix of everything", [{ uri: { prefix: "/" } }]],
  ["a pattern of everything", [{ uri: { regex: "^/.*$" } }]],
  ["nothing but what must be absent", [{ withoutHeaders: { "x-none": {} } }]],
  ["a port alone", [{ port: 8080 }]],
  ["the mesh alone", [{ gateways: ["mesh"] }]],
  ["a path without an operator", [{ uri: {} }]],
  ["a method without an operator", [{ method: {} }]],
  ["a path of any characters", [{ uri: { regex: "(?s).*" } }]],
  ["a path of up to so many characters", [{ uri: { regex: ".{0,900}" } }]],
  ["a long pattern of anything", [{ uri: { regex: `(?:.*|${"a".repeat(60)})` } }]],
  ["all usual methods", [{ method: { regex: "[A-Z]+" } }]],
  ["a scheme that every request has", [{ scheme: { regex: "https?" } }]],
  ["the path as a header", [{ headers: { ":path": { prefix: "/" } } }]],
  ["the host as a header", [{ headers: { host: {} } }]],
  ["a header that Envoy adds", [{ headers: { "x-request-id": {} } }]],
] as const)
  test(`a route with ${what} would hide stable and is refused`, () => {
    const route = { ...(match === undefined ? {} : { match }), route: to("one") };
    const vs = target([stable]);
    const result = merge(vs, [patchOf("a", { http: [route] })]);
    assert.deepEqual(
      result.faults.map(({ reason, severity }) => [reason, severity]),
      [["MatchesAllTraffic", "error"]],
    );
    assert.equal(result.virtualService, vs);
  });

const named = { match: [{ headers: { "x-branch": { exact: "one" } } }] };

for (const [what, route] of [
  ["no destination, as in the slides that made the kind known", named],
  ["a route and a redirect", { ...named, route: to("one"), redirect: { uri: "/" } }],
  ["a destination without a host", { ...named, route: [{ destination: {} }] }],
  ["an empty list of destinations", { ...named, route: [] }],
  ["weights that are all 0", { ...named, route: [...to("a"), ...to("b")] }],
  ["a header in upper case", { match: [{ headers: { "X-Branch": {} } }], route: to("one") }],
  ["an empty regex", { match: [{ headers: { a: { regex: "" } } }], route: to("one") }],
  [
    "a regex over 1,024 bytes",
    { match: [{ headers: { a: { regex: "é".repeat(513) } } }], route: to("one") },
  ],
  [
    "a regex that doesn't compile",
    { match: [{ headers: { a: { regex: "(" } } }], route: to("one") },
  ],
  ["a look-ahead", { match: [{ headers: { a: { regex: "a(?=b)" } } }], route: to("one") }],
  ["exact and prefix at once", { match: [{ uri: { exact: "/", prefix: "/" } }], route: to("one") }],
  ["a match that is no list", { match: { uri: {} }, route: to("one") }],
  ["a match that is no object", { match: [null], route: to("one") }],
  ["over 32 KiB", { ...named, route: to("x".repeat(33_000)) }],
] as const)
  test(`a route with ${what} is refused alone`, () => {
    const patch = patchOf("a", { http: [route, branchRoute("two", "two")] });
    const result = merge(target([stable]), [patch]);
    assert.deepEqual(
      result.faults.map(({ reason, severity, route: at }) => [reason, severity, at]),
      [["InvalidRoute", "error", "http[0]"]],
    );
    assert.deepEqual(subsetsOf(result.virtualService), ["two", STABLE]);
  });

test("a tls route for a host that the target doesn't have is refused: Istio would refuse the target", () => {
  const tls = (...sniHosts: readonly string[]) => ({
    tls: [{ match: [{ sniHosts }], route: to("one") }],
  });
  const vs = target([stable], { hosts: ["*.example.com"] });
  for (const [patch, reasons] of [
    [tls("a.example.com"), []],
    [tls("a.example.com", "example.org"), ["InvalidRoute"]],
    [tls(), ["InvalidRoute"]],
  ] as const)
    assert.deepEqual(reasonsOf(vs, [patchOf("a", patch)]), reasons);
});

test("a patch that is no patch changes nothing", () => {
  for (const patch of [null, 7, "http", [], { http: {} }, { http: [7] }, { tcp: "x" }])
    assert.equal(
      subsetsOf(merge(target([stable]), [patchOf("a", patch)]).virtualService).length,
      1,
    );
});

test("a patch has at most 100 routes, and a target at most 2,000 of patches", () => {
  const routes = (count: number): readonly Raw[] =>
    Array.from({ length: count }, (_, at) => branchRoute(undefined, `b${at}`));
  assert.deepEqual(reasonsOf(target([stable]), [patchOf("a", { http: routes(101) })]), [
    "TooManyRoutes",
  ]);
  const patches = Array.from({ length: 21 }, (_, at) =>
    patchOf(`p${at}`, {
      http: routes(100).map((route) => ({
        ...route,
        match: [{ headers: { [`x-${at}`]: { exact: String(route["name"]) } } }],
      })),
    }),
  );
  const { virtualService, faults } = merge(target([stable]), patches);
  assert.equal(routesOf(virtualService).length, 2_001);
  assert.equal(faults.filter(({ reason }) => reason === "TooManyRoutes").length, 100);
});

test("a route to a missing Service or subset is not merged: it would answer 503", () => {
  const host = "payment-service.services.svc.cluster.local";
  const facts = { services: { [host]: { subsets: ["one"] } } };
  const route = (destination: Raw) => ({ ...named, route: [{ destination }] });
  const patch = (destination: Raw) => patchOf("a", { http: [route(destination)] });
  for (const [destination, reasons] of [
    [{ host, subset: "one" }, []],
    [{ host: "payment-service", subset: "one" }, []],
    [{ host: "api.example.com" }, []],
    [{ host, subset: "two" }, ["UnknownSubset"]],
    [{ host: "payment-service-mp-101" }, ["MissingService"]],
    [{ host: "constructor" }, ["MissingService"]],
  ] as const)
    assert.deepEqual(reasonsOf(target([stable]), [patch(destination)], { facts }), reasons);
});

test("fields of a patch that have no effect are reported", () => {
  const patch = { hosts: ["x"], gateways: ["g"], exportTo: ["."], http: [branchRoute("a", "one")] };
  assert.deepEqual(
    reasonsOf(target([stable]), [patchOf("a", patch)]),
    Array(3).fill("IgnoredField"),
  );
});

test("old spellings are accepted, written anew and reported", () => {
  const route = {
    ...branchRoute("a", "one"),
    mirror_percent: 10,
    corsPolicy: { allowOrigin: ["*", "https://example.com"], maxAge: "1h" },
    fault: { delay: { percent: 5, fixedDelay: "1s" }, abort: { percent: 1, httpStatus: 500 } },
  };
  const { virtualService, faults } = merge(target([stable]), [patchOf("a", { http: [route] })]);
  const { name: _, match: __, route: ___, ...written } = routesOf(virtualService)[0] ?? {};
  assert.deepEqual(written, {
    mirrorPercentage: { value: 10 },
    corsPolicy: { allowOrigins: [{ regex: ".*" }, { exact: "https://example.com" }], maxAge: "1h" },
    fault: {
      delay: { percentage: { value: 5 }, fixedDelay: "1s" },
      abort: { percentage: { value: 1 }, httpStatus: 500 },
    },
  });
  assert.deepEqual(
    faults.map(({ reason }) => reason),
    Array(4).fill("OldSpelling"),
  );
});
