import { test } from "node:test";
import { chart, hostOf, namespace } from "../../test/cases.ts";
import { golden } from "../../test/golden.ts";
import { patchOf, type Raw } from "../../test/merge-objects.ts";
import { merge, type MergeOptions, type Patch, type RawVirtualService } from "../index.ts";

const name = "payment-service";
const to = (subset: string, port?: number) => [
  {
    destination: {
      host: hostOf(name),
      subset,
      ...(port === undefined ? {} : { port: { number: port } }),
    },
  },
];
const target = (http: readonly Raw[], more: object = {}): RawVirtualService =>
  chart(name, http, more);
const stable = { name: "stable", route: to("stable") };
const branch = (value: string, more: Raw = {}) => ({
  match: [{ headers: { "x-branch": { exact: value } } }],
  route: to(value),
  ...more,
});

/** Owners that don't depend on the order of the tests. */
const patch = (owner: string, spec: Raw, more: Partial<Patch["owner"]> = {}) =>
  patchOf(owner, spec, {
    namespace,
    uid: `uid-${owner}`,
    createdAt: "2026-01-01T00:00:00Z",
    ...more,
  });

const api = { name: "api", match: [{ uri: { prefix: "/api" } }], route: to("stable") };
const gate = {
  name: "gate",
  match: [{ withoutHeaders: { "x-branch": {} } }],
  route: to("stable"),
};
const tcp = (port: number, subset: string) => ({ match: [{ port }], route: to(subset, port) });
const tls = (host: string, subset: string) => ({
  match: [{ port: 443, sniHosts: [host] }],
  route: to(subset, 443),
});

const onlyOurs = merge(target([]), [patch("a", { http: [branch("one")] })]).virtualService;

const rules: readonly (readonly [
  file: string,
  why: string,
  target: RawVirtualService,
  patches: readonly Patch[],
  options?: MergeOptions,
])[] = [
  [
    "above-shadows",
    "A route goes before the first base route that might take its requests.",
    target([gate, api, stable]),
    [patch("a", { http: [branch("one", { name: "first" })] })],
  ],
  [
    "order",
    "Priority, then age, then namespace and name.",
    target([stable]),
    [
      patch("b", { http: [branch("b")] }),
      patch("a", { http: [branch("a")] }),
      patch(
        "urgent",
        { http: [branch("urgent")] },
        { priority: 1, createdAt: "2026-02-01T00:00:00Z" },
      ),
    ],
  ],
  [
    "compatibility",
    "Names and precedence as the old operator gave them, among routes of patches alone.",
    target([{ ...api, name: "api-500" }, stable]),
    [patch("a", { http: [branch("one"), branch("two", { name: "own-7" })] })],
    { naming: "compatibility" },
  ],
  [
    "tcp-tls",
    "Routes of tcp and tls, beside those of the base.",
    target([stable], { tcp: [tcp(5432, "stable")], tls: [tls(hostOf(name), "stable")] }),
    [patch("a", { tcp: [tcp(5432, "one")], tls: [tls(hostOf(name), "one")] })],
  ],
  [
    "argo-rollouts",
    "Managed routes stay on top.",
    target([
      {
        name: "canary-header",
        match: [{ headers: { "x-canary": { exact: "true" } } }],
        route: to("canary"),
      },
      stable,
    ]),
    [patch("a", { http: [branch("one")] })],
    { facts: { managedRoutes: ["canary-header"] } },
  ],
  ["last-route", "No patch is left, and the base has no route: the last one stays.", onlyOurs, []],
  [
    "old-spellings",
    "Written anew.",
    target([stable]),
    [
      patch("a", {
        http: [
          branch("one", {
            mirror: { host: hostOf(name), subset: "two" },
            mirror_percent: 5,
            corsPolicy: { allowOrigin: ["https://example.com"] },
            fault: { delay: { percent: 1, fixedDelay: "1s" } },
          }),
        ],
      }),
    ],
  ],
  [
    "refused",
    "Routes that would hide stable, or that Istio refuses, are left out alone.",
    target([stable]),
    [
      patch("a", {
        http: [
          { route: to("one") },
          { match: [{ headers: { "x-branch": { exact: "two" } } }] },
          branch("three"),
        ],
      }),
    ],
  ],
];

for (const [file, why, vs, patches, options] of rules)
  test(`the merged object: ${file}`, () => {
    golden(`merge/${file}`, why, [merge(vs, patches, options).virtualService]);
  });
