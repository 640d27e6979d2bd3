import assert from "node:assert/strict";
import { test } from "node:test";
import { STABLE } from "@cocktail/route";
import {
  baseRoute,
  branchRoute,
  namesOf,
  patchOf,
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
