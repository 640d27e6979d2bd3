import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { anyText, hop } from "./__fixtures__/arbitraries.ts";
import { formatTrace, type Hop, maxHops, maxTraceLength, parseTrace } from "./index.ts";

test("a hop is written as a structured field item", () => {
  const cart: Hop = {
    service: "cart-service",
    variant: "mp-102",
    via: "pin",
    caller: "storefront:stable",
  };
  const text = `"cart-service";variant="mp-102";via=pin;caller="storefront:stable"`;
  assert.equal(formatTrace({ hops: [cart], truncated: false }), text);
  assert.deepEqual(parseTrace(text), { hops: [cart], truncated: false });
});

test("every part of a hop survives the header", () => {
  const full: Hop = {
    service: "order-service",
    variant: "rc",
    via: "environment",
    layer: "rc",
    incarnation: 3,
    epoch: 57,
    caller: "storefront:stable",
    missed: ["order-service:mp-101", "order-service:gone of environment ops-101"],
    lost: true,
    ms: 12.5,
  };
  const trace = { hops: [full, { service: "quote", via: "none" }], truncated: false } as const;
  assert.deepEqual(parseTrace(formatTrace(trace)), trace);
});

test("a trace within the limits survives a round trip", () => {
  fc.assert(
    fc.property(fc.array(hop, { maxLength: 20, size: "max" }), (hops) => {
      const text = formatTrace({ hops, truncated: false });
      fc.pre(!text.endsWith("truncated"));
      assert.deepEqual(parseTrace(text), { hops, truncated: false });
    }),
    { numRuns: 500 },
  );
});

test("a trace never exceeds 64 items and 4 KiB, keeps its first hops, and says that others were dropped", () => {
  fc.assert(
    fc.property(fc.array(hop, { maxLength: 150, size: "max" }), fc.boolean(), (hops, truncated) => {
      const text = formatTrace({ hops, truncated });
      assert.ok(text.length <= maxTraceLength);
      const read = parseTrace(text);
      assert.ok(read.hops.length <= maxHops);
      assert.deepEqual(read.hops, hops.slice(0, read.hops.length));
      assert.equal(read.truncated, truncated || read.hops.length < hops.length);
    }),
    { numRuns: 500 },
  );
});

test("64 short hops fit, the 65th doesn't", () => {
  const hops = Array.from({ length: 65 }, (): Hop => ({ service: "a", via: "stable" }));
  const full = parseTrace(formatTrace({ hops: hops.slice(0, 64), truncated: false }));
  assert.deepEqual([full.hops.length, full.truncated], [64, false]);
  const over = formatTrace({ hops, truncated: false });
  assert.ok(over.endsWith(", truncated"));
  assert.equal(parseTrace(over).hops.length, 64);
  const joined = `${formatTrace({ hops: hops.slice(0, 64), truncated: false })}, "b";via=pin`;
  assert.deepEqual(parseTrace(joined).hops.length, 64);
  assert.equal(parseTrace(joined).truncated, true);
});

test("a hop over the limit of a trace leaves only the token truncated", () => {
  const huge: Hop = { service: "a".repeat(5000), via: "stable" };
  assert.equal(formatTrace({ hops: [huge], truncated: false }), "truncated");
  assert.deepEqual(parseTrace("truncated"), { hops: [], truncated: true });
});

test("quotes and backslashes are escaped, characters outside printable ASCII become question marks", () => {
  const odd: Hop = { service: `a"b\\c, d;via=none`, via: "stable", caller: "caf\u00e9\r\nx: y" };
  const text = formatTrace({ hops: [odd], truncated: false });
  assert.match(text, /^[\x20-\x7e]*$/);
  assert.deepEqual(parseTrace(text).hops, [{ ...odd, caller: "caf???x: y" }]);
});

test("an item that is not a hop is dropped, and the trace is marked truncated", () => {
  for (const item of [
    "nonsense",
    `"a"`,
    `"a";via=magic`,
    `a;via=pin`,
    `"a;via=pin`,
    `"a";via=pin x`,
    `("a")`,
  ]) {
    const read = parseTrace(`"b";via=pin, ${item}`);
    assert.ok(read.truncated, item);
  }
  assert.deepEqual(parseTrace(`"b";via=pin,, "c";via=none`), {
    hops: [
      { service: "b", via: "pin" },
      { service: "c", via: "none" },
    ],
    truncated: false,
  });
});

test("unknown parameters and other valid forms of a structured field are accepted", () => {
  const text = `"b"; via=pin; flag;  ms=3;variant="x";incarnation=2.5x;new="a, b"`;
  assert.deepEqual(parseTrace(text).hops, [{ service: "b", via: "pin", variant: "x", ms: 3 }]);
  assert.deepEqual(parseTrace(`"a";via=pin;lost=?1, "b";via=pin;lost=?0`).hops, [
    { service: "a", via: "pin", lost: true },
    { service: "b", via: "pin" },
  ]);
});

test("invalid numbers are omitted", () => {
  const hops: Hop[] = [{ service: "a", via: "pin", ms: Number.NaN, incarnation: Number.NaN }];
  assert.equal(formatTrace({ hops, truncated: false }), `"a";via=pin`);
  assert.deepEqual(parseTrace(`"a";via=pin;ms=Infinity;incarnation=1e9`).hops, [
    { service: "a", via: "pin" },
  ]);
});

test("reading a trace never throws, whatever the text", () => {
  const pieces = fc
    .array(
      fc.constantFrom(`"`, "\\", ";", "via=pin", "=", ",", " ", "a", `"a";via=pin`, "truncated"),
      { maxLength: 400, size: "max" },
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(pieces, anyText), (text) => {
      const read = parseTrace(text);
      assert.ok(read.hops.length <= maxHops);
      formatTrace(read);
    }),
    { numRuns: 1000 },
  );
  const long = `"a";via=pin, `.repeat(2_000);
  assert.deepEqual(parseTrace(long), { hops: [], truncated: true });
  assert.deepEqual(parseTrace(`"${"\\\\".repeat(600_000)}`), { hops: [], truncated: true });
});
