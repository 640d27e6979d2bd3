import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as fc from "fast-check";
import { type KubeObject, renderRegexForm, renderTableForm } from "@cocktail/mesh";
import { formatTableId, type RouteTable } from "@cocktail/route";
import {
  canonicalRequests,
  type HeaderLines,
  requests,
  tables,
} from "../../packages/mesh/test/requests.ts";
import { isOwnCluster } from "@cocktail/testbed";
import {
  askedOf,
  Differential,
  expectedKey,
  type Form,
  withStable,
} from "./support/differential.ts";

/*
 * Random tables and requests, answered by a real Envoy that a real istiod configured, against `resolve`.
 * COCKTAIL_TEST_DIFFERENTIAL=500000 asks more, COCKTAIL_TEST_SEED=N asks others.
 */
const more = process.env["COCKTAIL_TEST_DIFFERENTIAL"];
const seed = Number(process.env["COCKTAIL_TEST_SEED"] ?? String(Date.now() % 1e9));
const perTable = 250;

const tableForm: Form = {
  namespace: "differential",
  render: renderTableForm,
  kind: "EnvoyFilter",
  marker: (table) => `-- table ${formatTableId(table)}\\n`,
};
const regexForm: Form = {
  namespace: "differential-regex",
  render: renderRegexForm,
  kind: "VirtualService",
  marker: (table) => `"variants-table-${formatTableId(table)}"`,
};

interface Suite {
  readonly form: Form;
  readonly requests: fc.Arbitrary<HeaderLines>;
  readonly wanted: number;
  /** Spoils an object, in a way that must be noticed. */
  readonly plant: (one: KubeObject) => KubeObject;
}

function replaced(one: KubeObject, from: string, to: string): KubeObject {
  const text = JSON.stringify(one);
  assert.ok(text.includes(from), `${from} is not in ${one.metadata.name}`);
  return JSON.parse(text.replaceAll(from, to)) as KubeObject;
}

const skip = isOwnCluster && "it looks into an Envoy of the testbed";

function compare(title: string, { form, requests, wanted, plant }: Suite): void {
  describe(title, { skip }, () => {
    const mesh = new Differential(form);
    before(() => mesh.open());
    after(() => mesh.close());
    const asked = askedOf(requests, perTable);

    test(`${wanted} requests, no difference`, async () => {
      const numRuns = Math.ceil(wanted / perTable);
      const answered = new Map<string, number>();
      for (const [at, [drawn, all]] of fc
        .sample(fc.tuple(tables, asked), { seed, numRuns })
        .entries()) {
        const table = withStable({ ...drawn, epoch: at + 1 });
        await mesh.publish(table);
        const different = await mesh.differences(table, all);
        assert.deepEqual(different, [], `seed ${seed}, table ${JSON.stringify(table)}`);
        for (const one of all) {
          const key = expectedKey(table, one);
          answered.set(key, (answered.get(key) ?? 0) + 1);
        }
      }
      // A corpus that only ever reaches stable would prove nothing.
      for (const key of ["stable", "strict", "mp-101", "mp-1012"])
        assert.ok((answered.get(key) ?? 0) > wanted / 1000, `${key}: ${answered.get(key) ?? 0}`);
    });

    test("a fault in what is written is noticed", async () => {
      const [drawn, all] =
        fc
          .sample(fc.tuple(tables, asked), { seed: 7, numRuns: 20 })
          .find(([table]) => Object.keys(table.services["payment-service"] ?? {}).length > 3) ??
        assert.fail("no table with four variants");
      const table = withStable({ ...drawn, epoch: 1_000_000 });
      await mesh.publish(table, plant);
      assert.notDeepEqual(await mesh.differences(table, all), []);
    });
  });
}

compare("the table form on a real Envoy answers hostile requests as resolve does", {
  form: tableForm,
  requests,
  wanted: Number(more ?? "20000"),
  plant: (one) => replaced(one, "if key and V[key] then return cluster_of(key) end", ""),
});

compare("the regex form on a real Envoy answers canonical requests as resolve does", {
  form: regexForm,
  requests: canonicalRequests,
  wanted: Number(more ?? "5000"),
  plant: (one) => replaced(one, "(?:(?:::|[ \\\\t]*,).*)?$", ".*$"),
});

const live = {
  incarnation: 1,
  tier: "branch",
  revision: "abc1234",
  onUnavailable: "Fail",
} as const;
const fixed: RouteTable = withStable({
  epoch: 5,
  tag: "0a1b2c3d",
  resolver: 1,
  historyFloor: 0,
  services: { "payment-service": { "mp-101": live, "mp-1012": live } },
  environments: {
    "ops-101": { parent: "stable", members: { "payment-service": "mp-101" } },
    "ops-102": { parent: "stable", members: { "payment-service": "mp-1012" } },
  },
});

const [pins, environment, mode] = ["x-service-route", "x-source-route", "x-route-mode"];
const filler = Array.from({ length: 64 }, (_, at) => `s${at}:k`).join("::");

describe(
  "what differs in the regex form without an edge that writes canonical headers",
  { skip },
  () => {
    const mesh = new Differential({ ...regexForm, namespace: "differential-raw" });
    before(async () => {
      await mesh.open();
      await mesh.publish(fixed);
    });
    after(() => mesh.close());

    for (const [title, request, expected, actual] of [
      [
        "of two pins of one service the first key in the alphabet wins, not the leftmost",
        [[pins, "payment-service:mp-1012::payment-service:mp-101"]],
        "mp-1012",
        "mp-101",
      ],
      [
        "a pin after three colons counts, although its entry is malformed",
        [[pins, "a:b:::payment-service:mp-101"]],
        "stable",
        "mp-101",
      ],
      [
        "a pin beyond 64 entries counts",
        [[pins, `${filler}::payment-service:mp-101`]],
        "stable",
        "mp-101",
      ],
      [
        "a pin in a header over 4,096 bytes counts",
        [[pins, `payment-service:mp-101::${"x".repeat(4096)}`]],
        "stable",
        "mp-101",
      ],
      ["a pin in upper case is missed", [[pins, "Payment-Service:MP-101"]], "mp-101", "stable"],
      ["an environment in upper case is missed", [[environment, "OPS-101"]], "mp-101", "stable"],
      [
        "an environment with a comma after it is missed",
        [[environment, "ops-101,"]],
        "mp-101",
        "stable",
      ],
      [
        "of two environments on two lines one counts, although they contradict each other",
        [
          [environment, "ops-101"],
          [environment, "ops-102"],
        ],
        "stable",
        "mp-101",
      ],
      [
        "strict mode in upper case is missed",
        [
          [pins, "payment-service:gone"],
          [mode, "STRICT"],
        ],
        "strict",
        "stable",
      ],
      [
        "strict mode before the pins of baggage is missed",
        [["baggage", "route-mode=strict,service-route=payment-service%3Agone"]],
        "strict",
        "stable",
      ],
      [
        "white space around the = of baggage is not read",
        [["baggage", "source-route = ops-101"]],
        "mp-101",
        "stable",
      ],
      [
        "a pin of baggage that isn't percent-encoded is missed",
        [["baggage", "service-route=payment-service:mp-101"]],
        "mp-101",
        "stable",
      ],
    ] as const)
      test(`without an edge ${title}`, async () => {
        const asked = { target: "payment-service", request: request as HeaderLines };
        assert.equal(expectedKey(fixed, asked), expected);
        assert.deepEqual(await mesh.keys([asked]), [actual]);
      });
  },
);
