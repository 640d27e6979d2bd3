import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Hop } from "@cocktail/route";
import type { TracedResponse } from "../src/edge/trace.ts";
import { verify } from "./verify.ts";
import type { Expected } from "./step.ts";
import { proofRequest, steps } from "./steps.ts";
import { findMisrouted } from "./misrouted.ts";
import { readVisits, routeOf } from "./visits.ts";
import { curlOf } from "./walk.ts";

const services = ["storefront", "payment"];
const expected: Expected = {
  status: 201,
  variants: { payment: "mp-101" },
  reachesAll: true,
  says: ["5 seconds"],
  missed: [],
};
const hop = (service: string, variant: string, more: Partial<Hop> = {}): Hop => ({
  service,
  variant,
  via: variant === "stable" ? "stable" : "pin",
  ...more,
});

function answer(more: Partial<TracedResponse> = {}): TracedResponse {
  const answeredBy = [
    { service: "storefront", variant: "stable" },
    { service: "payment", variant: "mp-101" },
  ];
  return {
    url: "http://storefront.localhost/",
    status: 201,
    hops: [hop("storefront", "stable"), hop("payment", "mp-101")],
    truncated: false,
    lost: [],
    body: JSON.stringify({ settledIn: "5 seconds", answeredBy }),
    ...more,
  };
}

describe("the verification of a step", () => {
  it("accepts what was expected", () => assert.deepEqual(verify(expected, answer(), services), []));

  const wrong: readonly (readonly [string, Partial<TracedResponse>, RegExp])[] = [
    ["another status", { status: 200 }, /status 200 instead of 201/],
    ["another text", { body: "{}" }, /does not contain "5 seconds"/],
    [
      "stable where the branch should answer",
      { hops: [hop("storefront", "stable"), hop("payment", "stable")] },
      /payment was served by stable instead of mp-101/,
    ],
    [
      "a branch where stable should answer",
      { hops: [hop("storefront", "mp-9"), hop("payment", "mp-101")] },
      /storefront was served by mp-9 instead of stable/,
    ],
    [
      "a service that was not reached",
      { hops: [hop("storefront", "stable")] },
      /payment is not among the hops/,
    ],
    ["a truncated trace", { truncated: true }, /the trace was truncated/],
    [
      "a lost route",
      { lost: [hop("payment", "stable", { caller: "storefront:stable" })] },
      /storefront:stable lost the route to payment/,
    ],
    [
      "a service that says otherwise than the trace",
      {
        body: JSON.stringify({
          settledIn: "5 seconds",
          answeredBy: [{ service: "payment", variant: "stable" }],
        }),
      },
      /payment:stable reports that it answered/,
    ],
  ];
  for (const [what, change, fault] of wrong) {
    it(`refuses ${what}`, () => {
      const faults = verify(expected, answer(change), services);
      assert.ok(
        faults.some((text) => fault.test(text)),
        faults.join("\n"),
      );
    });
  }

  it("requires that a miss is reported", () => {
    const missing = { ...expected, variants: {}, missed: ["payment:mp-999"], says: [] };
    const stable = [hop("storefront", "stable"), hop("payment", "stable")];
    assert.equal(verify(missing, answer({ hops: stable, body: "{}" }), services).length, 1);
    const told = [
      hop("storefront", "stable"),
      hop("payment", "stable", { missed: ["payment:mp-999"] }),
    ];
    assert.deepEqual(verify(missing, answer({ hops: told, body: "{}" }), services), []);
  });
});

describe("the proof", () => {
  it("finds a request for a branch that stable answered, by header or by URL", () => {
    const body = JSON.stringify({
      "payment-service": {
        visits: [
          { route: "", count: 9 },
          { route: "payment-service:mp-101", count: 1 },
        ],
      },
      "cart-service": {
        visits: [
          { route: "payment-service:mp-101", count: 1 },
          { route: "environment=ops-101", count: 2 },
        ],
      },
    });
    assert.deepEqual(findMisrouted(steps, readVisits(body)), [
      "payment-service:stable answered 1 requests with the route payment-service:mp-101",
      "cart-service:stable answered 2 requests with the route environment=ops-101",
    ]);
  });

  it("formats routes like the shop", () => {
    const base = { method: "GET", host: "storefront", path: "/" } as const;
    assert.equal(routeOf(base), "");
    assert.equal(routeOf({ ...base, host: "ops-101.storefront" }), "environment=ops-101");
    assert.equal(
      routeOf({ ...base, pins: "a:b", environment: "c", strict: true }),
      "a:b;environment=c;mode=strict",
    );
  });
});

describe("the steps", () => {
  it("never expect stable for a route that another step forbids to it", () => {
    const forbidden = new Set(
      steps.flatMap(({ request, expected: wanted }) =>
        Object.keys(wanted.variants).map((service) => `${service} ${routeOf(request)}`),
      ),
    );
    for (const { name, request, expected: wanted } of [
      ...steps,
      { name: "proof", request: proofRequest, expected: { variants: {}, status: 200 } },
    ]) {
      if (wanted.status >= 400) continue;
      for (const service of [
        "storefront",
        "cart-service",
        "order-service",
        "payment-service",
        "notification-service",
      ]) {
        if (Object.hasOwn(wanted.variants, service)) continue;
        assert.equal(forbidden.has(`${service} ${routeOf(request)}`), false, `${name}: ${service}`);
      }
    }
  });

  it("show an equivalent curl command", () => {
    const request = {
      method: "POST",
      host: "storefront",
      path: "/api/checkout",
      pins: "a:b::c:d",
      environment: "e",
      strict: true,
    } as const;
    assert.equal(
      curlOf("http://x/", request),
      "curl -X POST -H 'x-service-route: a:b::c:d' -H 'x-source-route: e' -H 'x-route-mode: strict' http://x/",
    );
  });
});
