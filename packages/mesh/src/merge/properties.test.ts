import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { matchesRoute } from "../../test/match.ts";
import { hasRoutes, matchList, patches, seen, targets } from "../../test/merge-arbitraries.ts";
import { patchOf, routesOf } from "../../test/merge-objects.ts";
import { merge, type RawVirtualService, unmerge } from "../index.ts";
import { covers, mayOverlap } from "./overlap.ts";

const namings = fc.constantFrom("unique", "compatibility") satisfies fc.Arbitrary<string>;
const bytes = (vs: RawVirtualService): string => JSON.stringify(vs);

test("removing what was merged gives back the base, byte for byte", () => {
  fc.assert(
    fc.property(targets.filter(hasRoutes), patches, namings, (base, all, naming) => {
      const before = bytes(base);
      const merged = merge(base, all, { naming }).virtualService;
      assert.equal(bytes(base), before);
      assert.equal(bytes(unmerge(merged)), before);
    }),
    { numRuns: 500 },
  );
});

test("merging twice changes nothing", () => {
  fc.assert(
    fc.property(targets, patches, namings, (base, all, naming) => {
      const once = merge(base, all, { naming }).virtualService;
      assert.equal(merge(once, all, { naming }).virtualService, once);
    }),
    { numRuns: 500 },
  );
});

test("the order of the patches is no input", () => {
  fc.assert(
    fc.property(targets, patches, namings, (base, all, naming) => {
      assert.deepEqual(merge(base, all.toReversed(), { naming }), merge(base, all, { naming }));
    }),
  );
});

test("any history of patches ends in the same object", () => {
  const history = fc.array(fc.subarray([0, 1, 2, 3]), { maxLength: 4 });
  fc.assert(
    fc.property(
      targets.filter(hasRoutes),
      patches,
      history,
      namings,
      (base, all, steps, naming) => {
        const before = steps.reduce(
          (vs, step) =>
            merge(
              vs,
              all.filter((_, at) => step.includes(at)),
              { naming },
            ).virtualService,
          base,
        );
        const result = merge(before, all, { naming });
        assert.equal(
          bytes(result.virtualService),
          bytes(merge(base, all, { naming }).virtualService),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("base routes keep their bytes and their order", () => {
  fc.assert(
    fc.property(targets, patches, (base, all) => {
      const { virtualService, effective } = merge(base, all);
      for (const kind of ["http", "tcp", "tls"] as const) {
        const places = effective.flatMap(({ routes }) =>
          routes.flatMap((one) => (one.kind === kind ? [one.index] : [])),
        );
        const rest = routesOf(virtualService, kind).filter((_, at) => !places.includes(at));
        assert.equal(JSON.stringify(rest), JSON.stringify(routesOf(base, kind)));
      }
    }),
  );
});

test("no base route takes a request that a route of a patch matches", () => {
  fc.assert(
    fc.property(
      targets,
      patches,
      fc.array(seen, { minLength: 20, maxLength: 20 }),
      (base, all, requests) => {
        const { virtualService, effective } = merge(base, all);
        const http = routesOf(virtualService);
        const places = new Set(
          effective.flatMap(({ routes }) =>
            routes.flatMap(({ kind, index }) => (kind === "http" ? [index] : [])),
          ),
        );
        for (const request of requests) {
          const taking = http.flatMap((route, at) => (matchesRoute(route, request) ? [at] : []));
          if (taking.some((at) => places.has(at))) assert.ok(places.has(taking[0] ?? -1));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("the first patch in precedence takes a request that several match", () => {
  fc.assert(
    fc.property(
      targets,
      patches,
      fc.array(seen, { minLength: 20, maxLength: 20 }),
      (base, all, requests) => {
        const { virtualService, effective } = merge(base, all);
        const order = effective.flatMap(({ routes }) =>
          routes.flatMap(({ kind, index }) => (kind === "http" ? [index] : [])),
        );
        const http = routesOf(virtualService);
        for (const request of requests) {
          const first = order.find((at) => matchesRoute(http[at] ?? {}, request));
          const taking = http.findIndex((route) => matchesRoute(route, request));
          if (first !== undefined) assert.equal(taking, first);
        }
      },
    ),
  );
});

test("two routes that may not overlap share no request, and a route that covers another takes all of its", () => {
  const routes = fc.record({ match: matchList });
  // Half of the pairs are a route and one that asks more.
  const pairs = fc.tuple(routes, routes, fc.boolean()).map(([a, b, narrower]) => {
    const [one = {}, other = {}] = [a.match[0], b.match[0]];
    return [a, narrower ? { match: [{ ...other, ...one }] } : b] as const;
  });
  let [apart, covering] = [0, 0];
  fc.assert(
    fc.property(pairs, fc.array(seen, { minLength: 30, maxLength: 30 }), ([a, b], requests) => {
      const [overlap, cover] = [mayOverlap(a, b), covers(a, b)];
      if (!overlap) apart += 1;
      if (cover) covering += 1;
      for (const request of requests) {
        const [inA, inB] = [matchesRoute(a, request), matchesRoute(b, request)];
        if (!overlap) assert.ok(!(inA && inB));
        if (cover && inB) assert.ok(inA);
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(apart > 100 && covering > 20, `${apart} apart, ${covering} covering`);
});

test("no patch makes merging throw, and none changes the base", () => {
  fc.assert(
    fc.property(targets.filter(hasRoutes), fc.anything({ maxDepth: 4 }), (base, patch) => {
      const hostile = [
        patchOf("a", patch),
        patchOf("b", { http: [patch], tcp: patch, tls: [patch] }),
        patchOf("c", { http: [{ match: [patch], route: [patch], name: patch }] }),
      ];
      assert.equal(bytes(unmerge(merge(base, hostile).virtualService)), bytes(base));
    }),
    { numRuns: 300 },
  );
});
