import assert from "node:assert/strict";
import { test } from "node:test";
import { isRouted, readRoute } from "@cocktail/route";
import * as fc from "fast-check";
import { chart, namespace } from "../../test/cases.ts";
import { clusters, expectedCluster } from "../../test/expected.ts";
import { matchesRoute } from "../../test/match.ts";
import {
  canonicalRequests,
  type HeaderLines,
  requests,
  tables,
  valuesOf,
} from "../../test/requests.ts";
import {
  defaultMeshNames,
  type HttpRoute,
  type KubeObject,
  type MeshService,
  renderRegexForm,
  type VirtualService,
  withDelegate,
} from "../index.ts";

/** Of the corpus, those that a Service can be called. */
const services = ["payment-service", "my-payment-service", "a", "constructor"];
const none = "none";

function meshService(name: string): MeshService {
  const route = [{ destination: { host: name } }];
  const base = withDelegate(chart(name, [{ name: "stable", route }]), name, defaultMeshNames);
  return { name, namespace, ports: [{ number: 8080, name: "http" }], base };
}

function routesOf(objects: readonly KubeObject[]): readonly HttpRoute[] {
  const found = objects.find(({ kind }) => kind === "VirtualService") as VirtualService;
  return found.spec.http ?? [];
}

/** Which cluster the first matching route of the delegate means. Without a match the chart's own routes answer: stable. */
function answerOf(http: readonly HttpRoute[], request: HeaderLines): string {
  const headers = Object.fromEntries(
    [...new Set(request.map(([name]) => name.toLowerCase()))].map((name) => [
      name,
      (valuesOf(request, name) ?? []).join(","),
    ]),
  );
  const seen = {
    uri: "/",
    method: "GET",
    authority: "a",
    port: 8080,
    sourceNamespace: "a",
    headers,
  };
  const route = http.find((one) => matchesRoute(one, seen));
  const direct = route?.["directResponse"] as { readonly status: number } | undefined;
  if (direct !== undefined) return direct.status === 424 ? clusters.strict : none;
  const [destination] = route?.route ?? [];
  return clusters.of(destination?.destination.subset ?? "stable");
}

const answers = (
  request: fc.Arbitrary<HeaderLines>,
  plant = (http: readonly HttpRoute[]): readonly HttpRoute[] => http,
) =>
  fc.property(
    tables,
    fc.constantFrom(...services),
    fc.array(request, { minLength: 20, maxLength: 20 }),
    (table, service, all) => {
      const http = plant(routesOf(renderRegexForm(meshService(service), table, defaultMeshNames)));
      for (const one of all) {
        const expected = expectedCluster(table, service, one, clusters);
        // The chart's own routes answer what no route of the delegate matches, also for a service whose stable variant isn't live.
        const { route } = readRoute((name) => valuesOf(one, name));
        if (expected === none && !isRouted(route)) continue;
        assert.equal(answerOf(http, one), expected, JSON.stringify({ one, table }));
      }
    },
  );

test("the routes of the regex form answer canonical headers and baggage as resolve does", () => {
  fc.assert(answers(canonicalRequests), { numRuns: 150 });
});

/** What breaks, and how. */
const faults: readonly (readonly [string, (http: readonly HttpRoute[]) => readonly HttpRoute[]])[] =
  [
    ["environments before pins", (http) => http.toReversed()],
    ["no strict routes", (http) => http.filter(({ name }) => !name?.startsWith("strict"))],
    [
      "a pattern without its end",
      (http) =>
        JSON.parse(
          JSON.stringify(http).replaceAll("(?:(?:::|[ \\\\t]*,).*)?$", ".*$"),
        ) as HttpRoute[],
    ],
    [
      "baggage although the header is there",
      (http) =>
        http.map((one) => ({
          ...one,
          match: (one.match ?? []).map(({ withoutHeaders: _, ...rest }) => rest),
        })),
    ],
  ];

for (const [fault, plant] of faults)
  test(`a fault in the regex form is noticed: ${fault}`, () => {
    assert.ok(fc.check(answers(canonicalRequests, plant), { numRuns: 300 }).failed);
  });

test("raw headers are answered otherwise: the regex form needs an edge", () => {
  assert.ok(fc.check(answers(requests), { numRuns: 300 }).failed);
});

test("a pattern is under 1,024 bytes for the longest names", () => {
  const service = "s".repeat(54);
  const environment = "e".repeat(40);
  const table = {
    epoch: 1,
    tag: "0a1b2c3d",
    resolver: 1 as const,
    historyFloor: 0,
    services: {
      [service]: {
        ["k".repeat(40)]: {
          incarnation: 1,
          tier: "branch",
          revision: "a",
          onUnavailable: "Fail",
        } as const,
      },
    },
    environments: { [environment]: { parent: "stable", members: { [service]: "gone" } } },
  };
  const text = JSON.stringify(renderRegexForm(meshService(service), table, defaultMeshNames));
  const patterns = [...text.matchAll(/"regex":("(?:[^"\\]|\\.)*")/g)];
  assert.ok(patterns.length > 10);
  for (const [, one = ""] of patterns) assert.ok((JSON.parse(one) as string).length < 1024, one);
});
