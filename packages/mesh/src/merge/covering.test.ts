import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { matchList } from "../../test/merge-arbitraries.ts";
import type { Fields } from "../fields.ts";
import { firstCovering } from "./covering.ts";
import { covers } from "./overlap.ts";

const odd = fc.constantFrom<Fields>(
  {},
  { uri: { prefix: "/" } },
  { uri: { regex: ".*" } },
  { uri: { exact: "/x", regex: ".*" } },
  { headers: { "x-a": {} } },
  { headers: { "x-a": { exact: "one", prefix: "o" } } },
  { queryParams: { "x-a": { exact: "one" } } },
  { port: 0 },
  { sniHosts: ["a.example.com"] },
  { sniHosts: ["a.example.com"], port: 443 },
  { destinationSubnets: ["10.0.0.0/8"], headers: { "x-a": { exact: "one" } } },
);
const lists = fc.oneof(
  { weight: 3, arbitrary: matchList },
  { weight: 2, arbitrary: fc.array(odd, { maxLength: 2 }) },
);
const routes = fc.array(
  fc.record({ match: lists, delegate: fc.constant({ name: "x" }) }, { requiredKeys: ["match"] }),
  { maxLength: 30, size: "max" },
);

test("the first route that covers another is the one that a comparison of all finds", () => {
  let covered = 0;
  fc.assert(
    fc.property(routes, (all) => {
      const expected = all.map((route, at) => {
        const by = all.findIndex((one, index) => index === at || covers(one, route));
        return by < at ? by : undefined;
      });
      assert.deepEqual(firstCovering(all), expected);
      covered += expected.filter((by) => by !== undefined).length;
    }),
    { numRuns: 500 },
  );
  assert.ok(covered > 1_000, `only ${covered} are covered`);
});

test("a thousand routes that differ in one condition are compared with few", () => {
  const all = Array.from({ length: 1_000 }, (_, at) => {
    let reads = 0;
    const match = {
      get headers() {
        reads += 1;
        const same = { exact: "one" };
        return { "x-a": same, "x-b": { exact: String(at) }, "x-c": same };
      },
    };
    return { route: { match: [match] }, reads: () => reads };
  });
  assert.deepEqual(new Set(firstCovering(all.map(({ route }) => route))), new Set([undefined]));
  assert.ok(Math.max(...all.map(({ reads }) => reads())) < 10);
});
