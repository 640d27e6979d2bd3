import assert from "node:assert/strict";
import { test } from "node:test";
import {
  baseRoute,
  branchRoute,
  patchOf,
  type Raw,
  routesOf,
  target,
} from "../../test/merge-objects.ts";
import { ledgerAnnotation, merge, unmerge } from "../index.ts";
import { programBound } from "./re2.ts";

/*
 * What a patch can do to others: to those of the same target, and to the process that merges.
 */
const base = target([baseRoute("stable")]);
const good = patchOf("good", { http: [branchRoute("good", "good")] });

/** Merges a patch with another one, which must get its route. */
function beside(name: string, http: readonly Raw[]): ReturnType<typeof merge> {
  const result = merge(base, [patchOf(name, { http }), good]);
  assert.ok(routesOf(result.virtualService).some(({ name: it }) => String(it).includes(".good.")));
  return result;
}

test("a route that is nested too deep is refused alone", () => {
  let deep: unknown = "end";
  for (let depth = 0; depth < 9_000; depth++) deep = [deep];
  const { faults } = beside("deep", [{ ...branchRoute("deep", "deep"), deep }]);
  assert.deepEqual(
    faults.map(({ reason }) => reason),
    ["InvalidRoute"],
  );
});

test("a pattern that Envoy would refuse, and all routes of the port with it, is refused", () => {
  const large = ".{0,900}".repeat(40);
  const route = branchRoute("large", "large");
  const origins = { allowOrigins: [{ regex: large }] };
  for (const one of [
    { ...route, match: [{ headers: { "x-a": { regex: large } } }] },
    { ...route, corsPolicy: origins },
    { ...route, rewrite: { uriRegexRewrite: { match: large, rewrite: "/" } } },
  ])
    assert.deepEqual(
      beside("large", [one]).faults.map(({ reason }) => reason),
      ["InvalidRoute"],
    );
});

test("the bound of a pattern's program is never below what Envoy's RE2 makes of it", () => {
  // Sizes as Envoy 1.40 gave them.
  for (const [pattern, size] of [
    ["", 0],
    [".{0,900}", 2_704],
    ["[^/]{0,900}", 2_704],
    [String.raw`\pN{0,100}`, 504],
    [String.raw`\PL{0,90}`, 814],
    [String.raw`[\pL\pN]`, 14],
    ["a{1000}", 1_004],
    ["((a{10}){10}){10}", 1_224],
    ["(?:(?:.?){30}){30}", 2_704],
    [String.raw`(?:\pS|\pM){0,50}`, 804],
    ["(?i)[a-z]{0,500}", 1_004],
    ["\u0416{0,90}", 185],
    ["(?U)a{0,90}", 184],
    [String.raw`[a\]b]{9}`, 22],
  ] as const) {
    const bound = programBound(pattern);
    assert.ok(bound >= size && bound < size * 12 + 100, `${pattern}: ${bound}, ${size}`);
  }
});

test("a pattern that takes JavaScript minutes and RE2 no time costs no time", () => {
  const route = branchRoute("slow", "slow");
  const started = performance.now();
  for (const regex of ["(?:/|/q7|(?:.?){200}!)", `(?:/|/q7|${".?".repeat(200)}!)`])
    beside("slow", [{ ...route, match: [{ uri: { regex } }] }]);
  assert.ok(performance.now() - started < 2_000);
});

test("routes of thousands of matches take seconds, not minutes", () => {
  const many = Array.from({ length: 600 }, (_, at) => ({ uri: { exact: `/${at}` } }));
  const routes = Array.from({ length: 60 }, (_, at) => ({
    ...branchRoute(`r${at}`, `v${at}`),
    match: [...many, { headers: { "x-branch": { exact: `v${at}` } } }],
  }));
  const started = performance.now();
  beside("many", routes);
  assert.ok(performance.now() - started < 5_000);
});

test("routes are measured in the bytes that are sent", () => {
  const set = { "x-text": "\u6f22".repeat(10_000) };
  const routes = Array.from({ length: 60 }, (_, at) => ({
    ...branchRoute("wide", `w${at}`),
    headers: { request: { set } },
  }));
  const { virtualService, faults } = merge(base, [patchOf("wide", { http: routes })]);
  assert.ok(Buffer.byteLength(JSON.stringify(virtualService)) < 1_100_000);
  assert.ok(faults.some(({ reason }) => reason === "TooManyRoutes"));
  const tooWide = {
    ...branchRoute("wide", "w"),
    headers: { request: { set: { a: set["x-text"].repeat(2) } } },
  };
  assert.deepEqual(
    merge(base, [patchOf("one", { http: [tooWide] })]).faults.map(({ reason }) => reason),
    ["InvalidRoute"],
  );
});

test("the record of long names stays below what Kubernetes takes of annotations", () => {
  const patches = Array.from({ length: 10 }, (_, at) =>
    patchOf(`${"n".repeat(250)}${at}`, {
      http: Array.from({ length: 100 }, (_, of) =>
        branchRoute(`${"r".repeat(60)}${of}`, `${at}-${of}`),
      ),
    }),
  );
  const applied = { "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(50_000) };
  const metadata = { ...base.metadata, annotations: applied };
  const { virtualService, faults } = merge({ ...base, metadata }, patches);
  const { annotations = {} } = virtualService.metadata;
  const size = Object.entries(annotations).flat().join("").length;
  assert.ok(size <= 256 * 1024 && size > 250 * 1024, String(size));
  const count = Object.keys(
    (JSON.parse(annotations[ledgerAnnotation] ?? "") as { readonly http: object }).http,
  ).length;
  assert.equal(routesOf(virtualService).length, count + 1);
  const left = faults.filter(({ reason }) => reason === "TooManyRoutes");
  assert.equal(left.length, 1_000 - count);
  assert.ok(left.every(({ message }) => message.includes(`room for ${count} routes`)));
  assert.deepEqual(unmerge(virtualService), { ...base, metadata });
});

test("a name is never cut within a character: the API would store another one", () => {
  const name = `${"a".repeat(62)}\u{1f600}`;
  const { virtualService } = merge(base, [patchOf("a", { http: [branchRoute(name, "one")] })]);
  assert.ok(routesOf(virtualService).every((route) => String(route["name"]).isWellFormed()));
});
