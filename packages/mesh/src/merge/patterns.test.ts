import assert from "node:assert/strict";
import { test } from "node:test";
import { renderPinRegex } from "@cocktail/route";
import { RE2JS } from "re2js";
import { golden } from "../../test/golden.ts";
import { baseRoute, patchOf, type Raw, routesOf, target, to } from "../../test/merge-objects.ts";
import { merge } from "../index.ts";
import { claimOf } from "./patterns.ts";

/** The VirtualService and the VirtualServiceMerge by which this kind became known; the destination is added. */
const known = "^(payment-service:mp-101.*|.*::payment-service:mp-101.*)$";
const patchWith = (regex: string, name = "payment-service-mp-101") =>
  patchOf(
    name,
    {
      http: [
        {
          name,
          match: [{ headers: { "x-service-route": { regex } } }],
          route: [{ destination: { host: "payment-service-mp-101.services.svc.cluster.local" } }],
        },
      ],
    },
    { uid: "7c1f", createdAt: "2026-01-01T00:00:00Z" },
  );
const base = target([
  {
    name: "stable",
    route: [{ destination: { host: "payment-service.services.svc.cluster.local" } }],
  },
]);

function patternOf(vs: ReturnType<typeof merge>["virtualService"]): string {
  const [route] = routesOf(vs);
  const [match] = (route?.["match"] ?? []) as readonly Raw[];
  const headers = match?.["headers"] as Readonly<Record<string, { regex: string }>>;
  return headers["x-service-route"]?.regex ?? "";
}

const matches = (regex: string, header: string): boolean => RE2JS.compile(regex).matches(header);

test("the known manifest gives the route that it describes, above stable", () => {
  const { virtualService, effective, faults } = merge(base, [patchWith(known)]);
  golden(
    "merge/known-manifest",
    "A patch as it is passed around, merged; its pattern is made exact.",
    [virtualService],
  );
  assert.deepEqual(effective[0]?.routes, [
    { kind: "http", name: routesOf(virtualService)[0]?.["name"], index: 0 },
  ]);
  assert.deepEqual(
    faults.map(({ reason, severity }) => [reason, severity]),
    [["LoosePattern", "warning"]],
  );
});

test("the pattern that is passed around is made exact: it matches longer keys and no list with commas", () => {
  const exact = patternOf(merge(base, [patchWith(known)]).virtualService);
  assert.equal(exact, renderPinRegex("payment-service", "mp-101"));
  for (const [header, before, after] of [
    ["payment-service:mp-101", true, true],
    ["cart-service:mp-9::payment-service:mp-101", true, true],
    ["payment-service:mp-101::cart-service:mp-9", true, true],
    ["payment-service:mp-1012", true, false],
    ["payment-service:mp-101-hotfix", true, false],
    ["cart-service:mp-9,payment-service:mp-101", false, true],
    ["cart-service:mp-9", false, false],
  ] as const) {
    assert.equal(matches(known, header), before, header);
    assert.equal(matches(exact, header), after, header);
  }
});

test("with tighten: false a loose pattern stays, and is reported", () => {
  const { virtualService, faults } = merge(base, [patchWith(known)], { tighten: false });
  assert.equal(patternOf(virtualService), known);
  assert.deepEqual(
    faults.map(({ reason }) => reason),
    ["LoosePattern"],
  );
});

test("other patterns are their author's", () => {
  for (const regex of [
    "^payment-service:mp-.*$",
    "^(payment-service:mp-101.*|.*::cart-service:mp-101.*)$",
    "^(payment-service.*|.*::payment-service.*)$",
    renderPinRegex("payment-service", "mp-101"),
  ]) {
    const { virtualService, faults } = merge(base, [patchWith(regex)]);
    assert.equal(patternOf(virtualService), regex);
    assert.deepEqual(faults, []);
  }
});

test("two patches that claim one variant are reported, however they write its pattern", () => {
  const ours = renderPinRegex("payment-service", "mp-101");
  const other = patchOf("other", {
    http: [
      {
        match: [{ headers: { "x-service-route": { regex: ours } }, uri: { prefix: "/x" } }],
        route: to("x"),
      },
    ],
  });
  const { faults } = merge(target([baseRoute("stable")]), [patchWith(known), other]);
  const claim = faults.find(({ reason }) => reason === "DuplicateClaim");
  assert.equal(claim?.owner, "services/other");
  assert.match(claim?.message ?? "", /payment-service:mp-101.*services\/payment-service-mp-101/);
});

test("one patch may have several routes for its variant", () => {
  const regex = renderPinRegex("payment-service", "mp-101");
  const route = (prefix: string) => ({
    match: [{ headers: { "x-service-route": { regex } }, uri: { prefix } }],
    route: to("x"),
  });
  const one = patchOf("a", { http: [route("/a"), route("/b")] });
  assert.deepEqual(merge(target([baseRoute("stable")]), [one]).faults, []);
});

test("the claim of a pattern is read from both forms, with quoted dots", () => {
  assert.equal(claimOf(known), "payment-service:mp-101");
  assert.equal(claimOf(String.raw`(?:api\.v1:a.*|.*::api\.v1:a.*)`), "api.v1:a");
  assert.equal(claimOf(renderPinRegex("api.v1", "a")), "api.v1:a");
  assert.equal(claimOf(".*"), undefined);
});
