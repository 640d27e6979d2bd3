import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anyText, route } from "./__fixtures__/arbitraries.ts";
import {
  formatRoute,
  maxBaggageLength,
  parseRoute,
  readBaggage,
  readRoute,
  type Route,
  unrouted,
  writeBaggage,
} from "./index.ts";

const two: Route = {
  pins: new Map([
    ["payment-service", "mp-101"],
    ["cart-service", "mp-102"],
  ]),
  environment: "ops-101",
  mode: "strict",
};

test("a route is mirrored as three members, percent-encoded", () => {
  assert.equal(
    writeBaggage(undefined, two),
    "service-route=payment-service%3Amp-101%3A%3Acart-service%3Amp-102,source-route=ops-101,route-mode=strict",
  );
  assert.equal(writeBaggage(undefined, unrouted), undefined);
  assert.equal(writeBaggage("", unrouted), undefined);
});

test("route members are read at any position, with properties and white space", () => {
  const fields = readBaggage("a=1;x=y , service-route = cart%3Amp-102 ;meta, source-route=ops-101");
  assert.deepEqual(parseRoute(fields).route, {
    pins: new Map([["cart", "mp-102"]]),
    environment: "ops-101",
    mode: "fallback",
  });
  assert.equal(parseRoute(readBaggage("route-mode=strict")).route.mode, "strict");
  assert.deepEqual(readBaggage(["a=1", "source-route=ops-101"]), { environment: ["ops-101"] });
});

test("members with similar names are foreign", () => {
  for (const foreign of [
    "xservice-route=a",
    "service-routes=a",
    "Service-Route=a",
    "service-route",
    "\u00a0route-mode=strict",
  ]) {
    assert.deepEqual(readBaggage(foreign), {}, foreign);
    assert.equal(writeBaggage(foreign, unrouted), foreign);
  }
});

test("a repeated member is treated as a repeated header", () => {
  const twice = parseRoute(readBaggage("source-route=ops-101,source-route=ops-102"));
  assert.equal(twice.route.environment, undefined);
  assert.deepEqual(
    twice.rejected.map((one) => one.reason),
    ["ConflictingEnvironments"],
  );
  const pins = parseRoute(readBaggage("service-route=a:b,x=y,service-route=a:c"));
  assert.deepEqual([...pins.route.pins], [["a", "b"]]);
});

test("an invalid or non-ASCII escape makes its own entry malformed, and no other", () => {
  for (const odd of ["%", "%3", "%zz", "%E0%A4%A", "%ff", "%C3%BC", "%00"]) {
    const parsed = parseRoute(readBaggage(`service-route=a%3ab%3A%3Ac%3Ad${odd}`));
    assert.deepEqual([...parsed.route.pins], [["a", "b"]], odd);
    assert.deepEqual(
      parsed.rejected.map((one) => one.reason),
      ["MalformedPin"],
      odd,
    );
  }
  // Decoded once: an escaped percent sign becomes a percent sign.
  assert.deepEqual(readBaggage("source-route=ops%252D101"), { environment: ["ops%2D101"] });
});

test("the limit of a member counts decoded bytes, as for a header", () => {
  const filled = (bytes: number): readonly string[] => {
    const value = `a%3Ab%3A%3A${"%F0%9F%98%80".repeat(bytes / 4 - 2)}x%3Ay`;
    const { route, rejected } = parseRoute(readBaggage(`service-route=${value}`));
    return [...route.pins.keys(), ...rejected.map((one) => one.reason)];
  };
  assert.deepEqual(filled(4096), ["a", "MalformedPin"]);
  assert.deepEqual(filled(4100), ["TooLong"]);
});

test("baggage over the limit is not read", () => {
  const own = "source-route=ops-101,x=";
  const full = own + "y".repeat(maxBaggageLength - own.length);
  assert.deepEqual(readBaggage(full), { environment: ["ops-101"] });
  assert.deepEqual(readBaggage(`${full}y`), {});
});

test("a present header hides its baggage member, even where nothing of it is accepted", () => {
  const headers = new Map([
    ["baggage", "service-route=cart%3Amp-102,source-route=ops-101,route-mode=strict"],
  ]);
  const read = (): Route => readRoute((name) => headers.get(name)).route;
  assert.deepEqual(read(), {
    pins: new Map([["cart", "mp-102"]]),
    environment: "ops-101",
    mode: "strict",
  });
  headers.set("x-service-route", "nonsense");
  assert.deepEqual([...read().pins], []);
  headers.set("x-service-route", "");
  assert.deepEqual([...read().pins], []);
  assert.equal(read().environment, "ops-101");
  headers.set("x-source-route", "");
  assert.equal(read().environment, undefined);
  headers.set("x-route-mode", "fallback");
  assert.equal(read().mode, "fallback");
});

test("the names of the headers are configurable", () => {
  const names = { pins: "x-a", environment: "x-b", mode: "x-c", trace: "x-d", served: "x-e" };
  const written = new Map(formatRoute(two, names));
  assert.deepEqual([...written.keys()], ["x-a", "x-b", "x-c"]);
  assert.deepEqual(readRoute((name) => written.get(name), names).route, two);
});

/** Any member of another vendor: arbitrary text without a comma. */
const foreignMember = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...Array.from("ab=;%20\t \u00e9-")), minLength: 1 }),
    fc.constantFrom("tenant=1;p=2", " spaced = x ", "service-route-x=1", "e-route", "=", "a==b"),
  )
  .filter(
    (member) =>
      member.trim() !== "" && !/^[ \t]*(service-route|source-route|route-mode)[ \t]*=/.test(member),
  );

test("foreign members keep their bytes and order, route members are replaced", () => {
  const stale = fc.constantFrom(
    "service-route=old%3Aone",
    " source-route=old;p=1",
    "route-mode=strict",
  );
  const list = fc.array(
    fc.oneof(
      foreignMember.map((text) => ({ text, foreign: true })),
      stale.map((text) => ({ text, foreign: false })),
    ),
    { maxLength: 12, size: "max" },
  );
  fc.assert(
    fc.property(list, route, (members, route) => {
      const before = members.map((member) => member.text).join(",");
      const after = writeBaggage(before, route);
      const kept = members.filter((member) => member.foreign).map((member) => member.text);
      const own = writeBaggage(undefined, route);
      const expected = [...kept, ...(own === undefined ? [] : [own])].join(",");
      // White space around the whole value is not part of it.
      assert.equal(after ?? "", expected.replace(/^[ \t]+|[ \t]+$/g, ""));
      if (after !== undefined) assert.equal(writeBaggage(after, route), after);
    }),
    { numRuns: 1000 },
  );
});

test("a route survives a round trip through baggage alone", () => {
  fc.assert(
    fc.property(route, fc.array(foreignMember, { maxLength: 3 }), (wanted, foreign) => {
      const baggage = writeBaggage(foreign.join(","), wanted);
      fc.pre((baggage ?? "").length <= maxBaggageLength);
      const { route, rejected } = readRoute((name) => (name === "baggage" ? baggage : undefined));
      assert.deepEqual(
        [[...route.pins], route.environment, route.mode, rejected],
        [[...wanted.pins], wanted.environment, wanted.mode, []],
      );
    }),
    { numRuns: 500 },
  );
});

test("reading and writing baggage never throws, whatever the text", () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom("service-route=", "source-route=", ""), (text, name) => {
      parseRoute(readBaggage(name + text));
      writeBaggage(name + text, two);
    }),
    { numRuns: 500 },
  );
});
