import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { RE2JS } from "re2js";
import { key, keyNames, route, service, serviceNames } from "./__fixtures__/arbitraries.ts";
import { formatPins, parseRoute, renderPinRegex } from "./index.ts";

/** Like Envoy: RE2, full match. */
function matches(service: string, key: string, header: string): boolean {
  return RE2JS.compile(renderPinRegex(service, key)).matches(header);
}

const ours = (header: string): boolean => matches("payment-service", "mp-101", header);

test("the regex of a pin matches it anywhere in a list", () => {
  assert.ok(ours("payment-service:mp-101"));
  assert.ok(ours("payment-service:mp-101::cart-service:mp-9"));
  assert.ok(ours("cart-service:mp-9::payment-service:mp-101::a:b"));
  assert.ok(ours("cart-service:mp-9::payment-service:mp-101"));
});

test("the regex of a pin doesn't match longer keys or services", () => {
  for (const header of [
    "payment-service:mp-1012",
    "payment-service:mp-101-hotfix",
    "payment-service:mp-101:foo",
    "my-payment-service:mp-101",
    "Payment-Service:mp-101",
    "payment-service:MP-101",
    "payment-service: mp-101",
    "a:b:: payment-service:mp-101",
    "xpayment-service:mp-101",
    "payment-service:mp-10",
  ]) {
    assert.ok(!ours(header), header);
  }
});

test("the regex of a pin matches in lines that a proxy joined with commas", () => {
  for (const header of [
    "cart-service:mp-9,payment-service:mp-101",
    "cart-service:mp-9, payment-service:mp-101",
    "cart-service:mp-9 ,\tpayment-service:mp-101",
    "payment-service:mp-101 , cart-service:mp-9",
    "payment-service:mp-101\t,a:b",
    "payment-service:mp-101::",
    "::payment-service:mp-101",
    "caf\u00e9,payment-service:mp-101",
  ]) {
    assert.ok(ours(header), header);
  }
});

test("a dot in a service's name is escaped in its regex", () => {
  assert.ok(matches("api.v1", "mp-101", "api.v1:mp-101"));
  assert.ok(!matches("api.v1", "mp-101", "apixv1:mp-101"));
});

test("the regex of the longest pin stays below Istio's 1024 bytes", () => {
  const longest = `${"a.".repeat(126)}a`;
  assert.equal(longest.length, 253);
  assert.ok(renderPinRegex(longest, "k".repeat(40)).length <= 1024);
});

test("the regex of a variant matches a canonical header exactly when parse finds that pin", () => {
  fc.assert(
    fc.property(route, service, key, (wanted, service, key) => {
      const header = formatPins(wanted);
      fc.pre(header !== undefined);
      const found = parseRoute({ pins: header }).route.pins;
      // The pins of the route, their near misses, and a random one.
      const probes: [string, string][] = [[service, key], ...found];
      for (const name of [...found.keys(), ...serviceNames]) {
        for (const one of [...found.values(), ...keyNames]) probes.push([name, one]);
      }
      for (const [name, one] of probes) {
        const expected = found.get(name) === one;
        assert.equal(matches(name, one, header ?? ""), expected, `${name}:${one} in ${header}`);
      }
    }),
    { numRuns: 60 },
  );
});
