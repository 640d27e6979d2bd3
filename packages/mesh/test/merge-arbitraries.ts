import * as fc from "fast-check";
import type { Patch, RawVirtualService } from "../src/index.ts";
import type { Seen } from "./match.ts";
import { patchOf, type Raw, target } from "./merge-objects.ts";

const oneOf = fc.constantFrom;
const paths = ["/", "/api", "/api/v2", "/API", "/health", "/a"];
const texts = (...values: readonly string[]) =>
  fc.oneof(
    oneOf(...values).map((exact) => ({ exact })),
    oneOf(...values).map((prefix) => ({ prefix })),
    oneOf(...values).map((value) => ({ regex: `${value}.*` })),
  );
const headerTexts = fc.oneof(fc.constant({}), texts("one", "on", "two"));
const headers = fc.dictionary(oneOf("x-a", "x-b"), headerTexts, { minKeys: 1, maxKeys: 2 });
const rarely = { requiredKeys: [] as [] };

const match: fc.Arbitrary<Raw> = fc.record(
  {
    uri: texts(...paths),
    ignoreUriCase: fc.boolean(),
    method: texts("GET", "POST"),
    authority: texts("shop", "shop.example.com"),
    headers,
    withoutHeaders: headers,
    port: oneOf(80, 8080),
    sourceNamespace: oneOf("a", "b"),
  },
  rarely,
);
export const matchList = fc.array(match, { minLength: 1, maxLength: 2 });
const action = oneOf("a", "b", "c").map((host) => [{ destination: { host } }]);
const stringAnd = fc.oneof(oneOf("api-v2", "stable-8080", "canary-20", "x"), fc.string());
const baseRoutes = fc.array(
  fc.record(
    { name: stringAnd, match: matchList, route: action, timeout: fc.constant("5s") },
    { requiredKeys: ["route"] },
  ),
  { maxLength: 6 },
);
const streams = fc.array(
  fc.record({
    match: fc.array(fc.record({ port: oneOf(1, 2, 3) }), { minLength: 1, maxLength: 2 }),
    route: action,
  }),
  { minLength: 1, maxLength: 3 },
);

/** Also with fields that nobody here knows, and with or without what a merge adds. */
export const targets: fc.Arbitrary<RawVirtualService> = fc
  .record({
    http: fc.option(baseRoutes, { nil: undefined }),
    more: fc.record({ tcp: streams, tls: streams, future: fc.anything({ maxDepth: 1 }) }, rarely),
    annotations: fc.option(fc.dictionary(oneOf("a", "b"), fc.string()), { nil: undefined }),
  })
  .map(({ http, more, annotations }) => {
    const { metadata, spec, ...rest } = target(http ?? [], JSON.parse(JSON.stringify(more)) as Raw);
    const { http: _, ...without } = spec;
    return {
      ...rest,
      metadata: { ...metadata, ...(annotations === undefined ? {} : { annotations }) },
      spec: http === undefined ? without : spec,
    };
  });

export const hasRoutes = ({ spec }: RawVirtualService): boolean =>
  ["http", "tcp", "tls"].some((kind) => ((spec[kind] ?? []) as readonly unknown[]).length > 0);

export const patches: fc.Arbitrary<readonly Patch[]> = fc
  .uniqueArray(oneOf("a", "b", "a-1", "payment-service-mp-101"), { maxLength: 4 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc
          .record({
            http: fc.array(
              fc.record(
                { name: oneOf("x", "x-1", "branch-7"), match: matchList, route: action },
                { requiredKeys: ["match", "route"] },
              ),
              { maxLength: 3 },
            ),
            tcp: fc.oneof(fc.constant([]), streams),
            priority: fc.option(oneOf(-1, 1), { nil: undefined }),
            createdAt: oneOf("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
          })
          .map(({ http, tcp, priority, createdAt }) =>
            patchOf(name, { http, tcp }, { priority, createdAt, uid: `uid-${name}` }),
          ),
      ),
    ),
  );

export const seen: fc.Arbitrary<Seen> = fc.record({
  uri: oneOf(...paths, "/api/v2/x", "/other"),
  method: oneOf("GET", "POST"),
  authority: oneOf("shop", "shop.example.com"),
  port: oneOf(80, 8080),
  sourceNamespace: oneOf("a", "b"),
  headers: fc.dictionary(oneOf("x-a", "x-b"), oneOf("one", "two", "three", "")),
});
