import assert from "node:assert/strict";
import { test } from "node:test";
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
import { type Operator, ours, theirs } from "../../test/operators.ts";

/*
 * What the operator that this merge replaces does wrong, one test a defect: the check holds for this merge, and fails for a port of that
 * operator's algorithm.
 */
function defect(title: string, check: (operator: Operator) => void): void {
  test(`the old operator gets it wrong: ${title}`, () => {
    check(ours());
    assert.throws(() => check(theirs()), "the old algorithm passes: the check proves nothing");
  });
}

const stable = baseRoute("stable");

defect("a patch that shrinks leaves no route behind", (operator) => {
  const both = patchOf("a", {
    http: [branchRoute(undefined, "one"), branchRoute(undefined, "two")],
  });
  const first = operator.set(target([stable]), both);
  const one = { ...both, patch: { http: [branchRoute(undefined, "one")] } };
  const shrunk = operator.set(first, one);
  assert.deepEqual(subsetsOf(shrunk), ["one", "stable"]);
  assert.deepEqual(operator.delete(shrunk, one), target([stable]));
});

defect("routes of the base that end in a number keep their order", (operator) => {
  const own = [
    baseRoute("admin", { uri: { prefix: "/admin" } }),
    baseRoute("api-v2", { uri: { prefix: "/v2" } }),
    baseRoute("canary-20", { uri: { prefix: "/canary" } }),
    baseRoute("legacy-443"),
  ];
  const merged = operator.set(target(own), patchOf("a", { http: [branchRoute(undefined, "one")] }));
  assert.deepEqual(
    routesOf(merged).filter(({ name }) => own.some((one) => one["name"] === name)),
    own,
  );
});

defect("a catch-all of the base that ends in a large number hides no variant", (operator) => {
  const merged = operator.set(
    target([baseRoute("stable-8080")]),
    patchOf("a", { http: [branchRoute("a-7", "one")] }),
  );
  assert.deepEqual(subsetsOf(merged), ["one", "stable"]);
});

defect("the number of a ticket is no precedence", (operator) => {
  const older = patchOf("b", { http: [branchRoute("payment-service-mp-2", "older")] });
  const younger = patchOf("a", { http: [branchRoute("payment-service-mp-101", "younger")] });
  const merged = operator.set(operator.set(target([stable]), older), younger);
  assert.deepEqual(subsetsOf(merged), ["older", "younger", "stable"]);
});

defect("two patches whose routes have one name don't overwrite each other", (operator) => {
  const a = patchOf("a", { http: [branchRoute("branch-1", "one")] });
  const b = patchOf("b", { http: [branchRoute("branch-1", "two")] });
  const merged = operator.set(operator.set(target([stable]), a), b);
  assert.deepEqual(subsetsOf(merged), ["one", "two", "stable"]);
  assert.deepEqual(operator.set(merged, a), merged);
});

defect("two patches of one name in two namespaces don't overwrite each other", (operator) => {
  const a = patchOf("a", { http: [branchRoute(undefined, "one")] });
  const b = patchOf("a", { http: [branchRoute(undefined, "two")] }, { namespace: "other" });
  const merged = operator.set(operator.set(target([stable]), a), b);
  assert.deepEqual(subsetsOf(merged), ["one", "two", "stable"]);
});

defect("the name that an author chose stays in the route's name", (operator) => {
  const merged = operator.set(
    target([stable]),
    patchOf("a", { http: [branchRoute("checkout-rewrite", "one")] }),
  );
  assert.match(namesOf(merged)[0] ?? "", /checkout-rewrite/);
});

defect("a merge says which routes are in effect, and where", (operator) => {
  operator.set(target([stable]), patchOf("a", { http: [branchRoute(undefined, "one")] }));
  assert.equal(operator.last?.effective[0]?.routes[0]?.index, 0);
});

defect("a target that is applied again gets the patches of all namespaces back", (operator) => {
  const a = patchOf("a", { http: [branchRoute(undefined, "one")] });
  const b = patchOf("b", { http: [branchRoute(undefined, "two")] }, { namespace: "other" });
  operator.set(operator.set(target([stable]), a), b);
  assert.deepEqual(subsetsOf(operator.reapplied(target([stable]))), ["one", "two", "stable"]);
});

defect("fields that are newer than any type survive", (operator) => {
  const own = [
    {
      ...baseRoute("gone", { uri: { exact: "/gone" } }),
      route: undefined,
      directResponse: { status: 410 },
    },
    { ...stable, mirrors: [{ destination: { host: "shadow" } }] },
  ].map((route) => JSON.parse(JSON.stringify(route)) as Readonly<Record<string, unknown>>);
  const merged = operator.set(target(own), patchOf("a", { http: [branchRoute(undefined, "one")] }));
  assert.deepEqual(routesOf(merged).slice(1), own);
});

const tcp = (port: number, subset: string) => ({ match: [{ port }], route: to(subset) });

defect("a tcp route of the base is not overwritten because a port is equal", (operator) => {
  const base = target([stable], { tcp: [tcp(5432, "stable")] });
  const patch = patchOf("a", { tcp: [tcp(5432, "one")] });
  const merged = operator.set(base, patch);
  assert.deepEqual(subsetsOf(merged, "tcp"), ["one", "stable"]);
  assert.deepEqual(operator.delete(merged, patch), base);
});

defect("a tls route of the base is not overwritten because no port is given", (operator) => {
  const tls = (host: string, subset: string) => ({
    match: [{ sniHosts: [host] }],
    route: to(subset),
  });
  const hosts = ["a.example.com", "b.example.com"];
  const base = target([stable], { hosts, tls: [tls("a.example.com", "stable")] });
  const patch = patchOf("a", { tls: [tls("b.example.com", "one")] });
  const merged = operator.set(base, patch);
  assert.deepEqual(subsetsOf(merged, "tls").toSorted(), ["one", "stable"]);
  assert.deepEqual(operator.delete(merged, patch), base);
});

defect("deleting the last route leaves a VirtualService that Istio accepts", (operator) => {
  const patch = patchOf("a", { http: [branchRoute(undefined, "one")] });
  const { http: _, ...spec } = target([]).spec;
  const merged = operator.set({ ...target([]), spec }, patch);
  const left = operator.delete(merged, patch);
  assert.equal(routesOf(left).length, 1);
  assert.deepEqual(
    operator.last?.faults.map(({ reason }) => reason),
    ["LastRouteKept"],
  );
});

defect("the order of events doesn't matter", (operator) => {
  const a = patchOf("a", { http: [branchRoute(undefined, "one"), branchRoute(undefined, "two")] });
  const b = patchOf("b", { http: [branchRoute(undefined, "three")] });
  const ab = operator.set(operator.set(target([stable]), a), b);
  const wiped = operator.reapplied(target([stable]));
  const again = operator.set(operator.delete(operator.delete(wiped, a), b), b);
  assert.deepEqual(subsetsOf(operator.set(again, a)), subsetsOf(ab));
});

defect("several tcp routes of a patch are all there", (operator) => {
  const patch = patchOf("a", {
    tcp: [tcp(5432, "one"), { match: [{ port: 5432, sourceNamespace: "x" }], route: to("two") }],
  });
  assert.equal(routesOf(operator.set(target([stable]), patch), "tcp").length, 2);
});
