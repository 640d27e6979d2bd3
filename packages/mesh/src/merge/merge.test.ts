import assert from "node:assert/strict";
import { test } from "node:test";
import { STABLE } from "@cocktail/route";
import {
  baseRoute,
  branchRoute,
  namesOf,
  patchOf,
  type Raw,
  routesOf,
  subsetsOf,
  target,
  to,
} from "../../test/merge-objects.ts";
import {
  ledgerAnnotation,
  merge,
  type MergeOptions,
  type Patch,
  type RawVirtualService,
  unmerge,
} from "../index.ts";

const stable = baseRoute("stable");
const reasonsOf = (
  vs: RawVirtualService,
  patches: readonly Patch[],
  options?: MergeOptions,
): readonly string[] => merge(vs, patches, options).faults.map(({ reason }) => reason);
const one = (more: Partial<Patch["owner"]> = {}) =>
  patchOf("a", { http: [branchRoute("one", "one")] }, more);

test("a route of a patch goes right before the first base route that might take its requests", () => {
  const gate = baseRoute("gate", { withoutHeaders: { "x-branch": {} } });
  const health = { ...baseRoute("health", { method: { exact: "OPTIONS" }, uri: { exact: "/" } }) };
  const base = target([gate, health, baseRoute("api", { uri: { prefix: "/api" } }), stable]);
  const route = {
    ...branchRoute("one", "one"),
    match: [{ uri: { prefix: "/api/v2" }, headers: { "x-branch": { exact: "one" } } }],
  };
  const { virtualService, effective } = merge(base, [patchOf("a", { http: [route] })]);
  assert.deepEqual(subsetsOf(virtualService), [STABLE, STABLE, "one", STABLE, STABLE]);
  assert.equal(effective[0]?.routes[0]?.index, 2);
});

test("a base route that wants a header stays above a route that wants it absent", () => {
  const base = target([baseRoute("admin", { headers: { "x-admin": {} } }), stable]);
  const match = [{ uri: { prefix: "/x" }, withoutHeaders: { "x-admin": {} } }];
  const { virtualService } = merge(base, [patchOf("a", { http: [{ match, route: to("one") }] })]);
  assert.deepEqual(subsetsOf(virtualService), [STABLE, "one", STABLE]);
});

test("patches go by priority, then age, then namespace and name", () => {
  const at = { createdAt: "2026-01-01T00:00:00Z" };
  const named = (name: string, more: Partial<Patch["owner"]>) =>
    patchOf(name, { http: [branchRoute(name, name)] }, more);
  const patches = [
    named("late", { createdAt: "2026-01-02T00:00:00Z" }),
    named("z", { ...at, namespace: "a" }),
    named("y", at),
    named("x", at),
    named("urgent", { createdAt: "2026-02-01T00:00:00Z", priority: 5 }),
    named("last", { ...at, priority: -1 }),
  ];
  const { virtualService, effective } = merge(target([stable]), patches);
  const order = ["urgent", "z", "x", "y", "late", "last"];
  assert.deepEqual(subsetsOf(virtualService), [...order, STABLE]);
  assert.deepEqual(
    effective.map(({ owner }) => owner.name),
    order,
  );
});

test("precedence holds where a later route belongs further up", () => {
  const base = target([baseRoute("api", { uri: { prefix: "/api" } }), stable]);
  const shop = {
    name: "shop",
    match: [{ uri: { prefix: "/shop" }, headers: { "x-branch": { exact: "one" } } }],
    route: to("first"),
  };
  const patches = [
    patchOf("a", { http: [shop] }),
    patchOf("b", { http: [branchRoute("b", "one")] }),
  ];
  assert.deepEqual(subsetsOf(merge(base, patches).virtualService), [
    "first",
    "one",
    STABLE,
    STABLE,
  ]);
});

test("names tell whose a route is and are nobody else's", () => {
  const patches = [
    one(),
    one({ namespace: "other" }),
    patchOf("a", { http: [branchRoute(undefined, "x"), branchRoute(undefined, "y")] }),
    patchOf("a.b", { http: [branchRoute("c", "x"), branchRoute("c", "y")] }),
  ];
  const names = namesOf(merge(target([stable]), patches).virtualService);
  assert.equal(new Set(names).size, names.length);
  assert.match(names[0] ?? "", /^cocktail\.services\.a\.one\.[0-9a-f]{8}$/);
});

test("compatibility naming gives the old names, and their trailing integer is the priority", () => {
  const patches = [
    patchOf("a", { http: [branchRoute("own-7", "seven"), branchRoute("x", "zero")] }),
    patchOf("b", { http: [branchRoute(undefined, "one"), branchRoute(undefined, "none")] }),
  ];
  const { virtualService } = merge(
    target([baseRoute("api-500", { uri: { exact: "/" } }), stable]),
    patches,
    {
      naming: "compatibility",
    },
  );
  assert.deepEqual(namesOf(virtualService), ["own-7", "b-1", "a-0", "b-0", "api-500", "stable"]);
});

test("compatibility naming doesn't take the name of another route", () => {
  const base = target([baseRoute("a-0", { uri: { exact: "/" } }), stable]);
  const options = { naming: "compatibility" } as const;
  const result = merge(base, [one(), one({ namespace: "other" })], options);
  assert.equal(new Set(namesOf(result.virtualService)).size, 4);
  assert.deepEqual(
    result.faults.filter(({ reason }) => reason === "NameTaken").map(({ owner }) => owner),
    ["other/a", "services/a"],
  );
  assert.deepEqual(merge(result.virtualService, [], options).virtualService, base);
});

test("the ledger is an annotation outside of istio.io, with owner, generation and hash of each route", () => {
  const { virtualService } = merge(target([stable]), [one({ uid: "u", generation: 3 })]);
  const text = virtualService.metadata.annotations?.[ledgerAnnotation] ?? "";
  const [[name, row] = []] = Object.entries((JSON.parse(text) as { http: object }).http);
  assert.equal(name, namesOf(virtualService)[0]);
  assert.deepEqual((row as unknown[]).slice(0, 2), ["u", 3]);
  assert.ok(!ledgerAnnotation.includes("istio.io"));
});

test("removal goes by the ledger, whatever the patches say now", () => {
  const base = target([stable], { tcp: [{ match: [{ port: 1 }], route: to("stable") }] });
  const tcp = [{ match: [{ port: 2 }], route: to("one") }];
  const merged = merge(base, [patchOf("a", { http: [branchRoute("x", "one")], tcp })]);
  const left = unmerge(merged.virtualService);
  assert.equal(JSON.stringify(left), JSON.stringify(base));
});

test("routes whose record was lost are found by their names", () => {
  const { virtualService } = merge(target([stable]), [one()]);
  const { annotations: _, ...metadata } = virtualService.metadata;
  assert.deepEqual(unmerge({ ...virtualService, metadata }), target([stable]));
  const spoiled = { ...metadata, annotations: { [ledgerAnnotation]: "{" } };
  assert.deepEqual(reasonsOf({ ...virtualService, metadata: spoiled }, []), ["UnreadableLedger"]);
});

test("a base route that got the name of a merged one is the base's", () => {
  const options = { naming: "compatibility" } as const;
  const merged = merge(target([stable]), [one()], options).virtualService;
  const own = [baseRoute("a-0", { uri: { exact: "/own" } }), stable];
  const again = { ...merged, spec: { ...merged.spec, http: own } };
  assert.deepEqual(routesOf(merge(again, [], options).virtualService), own);
});

test("what a merge doesn't change is the very same object", () => {
  const merged = merge(target([stable]), [one({ uid: "u", createdAt: "2026-01-01T00:00:00Z" })]);
  const again = merge(merged.virtualService, [
    one({ uid: "u", createdAt: "2026-01-01T00:00:00Z" }),
  ]);
  assert.equal(again.virtualService, merged.virtualService);
});

test("the last route stays where the target has none of its own, and goes when it has", () => {
  const base = target([]);
  const merged = merge(base, [one()]).virtualService;
  const left = merge(merged, []);
  assert.deepEqual(routesOf(left.virtualService), routesOf(merged));
  assert.deepEqual(
    left.faults.map(({ reason }) => reason),
    ["LastRouteKept"],
  );
  assert.equal(merge(left.virtualService, []).virtualService, left.virtualService);
  const repaired = {
    ...left.virtualService,
    spec: { ...left.virtualService.spec, http: [...routesOf(merged), stable] },
  };
  assert.deepEqual(routesOf(unmerge(repaired)), [stable]);
});

test("routes that the old operator left are adopted when a current patch has them", () => {
  const route = branchRoute("payment-service-mp-101", "one");
  const unnamed = branchRoute(undefined, "two");
  const patch = patchOf("a", { http: [route, unnamed] }, { isLegacy: true });
  const left = [route, { ...unnamed, name: "a-0" }, { ...branchRoute("a-3", "old") }, stable];
  const result = merge(target(left), [patch]);
  assert.deepEqual(subsetsOf(result.virtualService), ["one", "two", "old", STABLE]);
  assert.deepEqual(
    result.faults.map(({ reason }) => reason),
    ["Adopted", "Adopted", "PossibleOrphan"],
  );
  assert.deepEqual(subsetsOf(unmerge(result.virtualService)), ["old", STABLE]);
});

test("a base route that a patch copies is the base's, if no other operator has merged that patch, or if it was applied", () => {
  const copied = branchRoute("api-1", "api");
  const base = target([copied, stable]);
  const http = [{ ...copied, name: "api-1" }];
  const lastApplied = JSON.stringify({ spec: { http: [copied, stable] } });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": lastApplied };
  for (const [before, isLegacy] of [
    [base, false],
    [{ ...base, metadata: { ...base.metadata, annotations } }, true],
  ] as const) {
    const { virtualService } = merge(before, [patchOf("api", { http }, { isLegacy })]);
    assert.deepEqual(unmerge(virtualService), before);
  }
});

test("a base route that is named alike but not equal is not adopted", () => {
  const patch = patchOf("a", { http: [branchRoute(undefined, "one")] }, { isLegacy: true });
  const result = merge(target([branchRoute("a-0", "other"), stable]), [patch]);
  assert.deepEqual(subsetsOf(result.virtualService), ["one", "other", STABLE]);
});

test("routes that Argo Rollouts manages stay on top, and a patch never gets above them", () => {
  const header = baseRoute("set-header-1", { headers: { "x-canary": { exact: "true" } } });
  const facts = { managedRoutes: ["set-header-1"] };
  const result = merge(target([header, stable]), [one()], { facts });
  assert.deepEqual(namesOf(result.virtualService)[0], "set-header-1");
  assert.deepEqual(
    result.faults.map(({ reason }) => reason),
    ["ManagedByArgoRollouts"],
  );
});

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
