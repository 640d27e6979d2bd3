import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { almostPins, anyText, route } from "./__fixtures__/arbitraries.ts";
import {
  formatPins,
  formatRoute,
  isKey,
  isServiceName,
  maxEntries,
  maxFieldLength,
  parseRoute,
  readRoute,
  type Rejection,
  unrouted,
} from "./index.ts";

function pinsOf(pins: string | readonly string[]): readonly (readonly [string, string])[] {
  return [...parseRoute({ pins }).route.pins];
}

function reasonsOf(fields: Parameters<typeof parseRoute>[0]): readonly Rejection["reason"][] {
  return parseRoute(fields).rejected.map((one) => one.reason);
}

test("pins keep the order of the header", () => {
  const { route, rejected } = parseRoute({ pins: "payment-service:mp-101::cart-service:mp-102" });
  assert.deepEqual(
    [...route.pins],
    [
      ["payment-service", "mp-101"],
      ["cart-service", "mp-102"],
    ],
  );
  assert.deepEqual(rejected, []);
  assert.equal(route.environment, undefined);
  assert.equal(route.mode, "fallback");
});

test("keys with a common prefix are different keys", () => {
  for (const key of ["mp-101", "mp-1012", "mp-101-hotfix"]) {
    assert.deepEqual(pinsOf(`payment-service:${key}`), [["payment-service", key]]);
  }
});

test("a service whose name contains another is a different service", () => {
  assert.deepEqual(pinsOf("my-payment-service:mp-101"), [["my-payment-service", "mp-101"]]);
  assert.equal(
    parseRoute({ pins: "my-payment-service:mp-101" }).route.pins.get("payment-service"),
    undefined,
  );
});

test("a comma separates pins, with or without white space around it", () => {
  for (const comma of [",", ", ", " ,", " , ", "\t,", ",\t ", "  \t,\t  "]) {
    const written = `payment-service:mp-101${comma}cart-service:mp-102`;
    assert.deepEqual(pinsOf(written), [
      ["payment-service", "mp-101"],
      ["cart-service", "mp-102"],
    ]);
    assert.deepEqual(reasonsOf({ pins: written }), []);
  }
});

test("repeated header lines are one list", () => {
  assert.deepEqual(pinsOf(["payment-service:mp-101", "cart-service:mp-102::a:b"]), [
    ["payment-service", "mp-101"],
    ["cart-service", "mp-102"],
    ["a", "b"],
  ]);
});

test("white space around the whole value is ignored, elsewhere it makes the entry malformed", () => {
  assert.deepEqual(pinsOf(" \tpayment-service:mp-101\t "), [["payment-service", "mp-101"]]);
  assert.deepEqual(pinsOf("payment-service: mp-101"), []);
  assert.deepEqual(pinsOf("a:b:: payment-service:mp-101"), [["a", "b"]]);
  assert.deepEqual(pinsOf("a:b ::payment-service:mp-101"), [["payment-service", "mp-101"]]);
  assert.deepEqual(pinsOf("\u00a0payment-service:mp-101"), []);
});

test("the third of three colons belongs to the next entry, which is malformed", () => {
  const parsed = parseRoute({ pins: "a:b:::payment-service:mp-101" });
  assert.deepEqual([...parsed.route.pins], [["a", "b"]]);
  assert.deepEqual(parsed.rejected, [
    { field: "pins", reason: "MalformedPin", text: ":payment-service:mp-101" },
  ]);
});

test("a service name may contain dots, which match literally", () => {
  assert.deepEqual(pinsOf("api.v1:mp-101::apixv1:mp-102"), [
    ["api.v1", "mp-101"],
    ["apixv1", "mp-102"],
  ]);
  for (const name of [".api", "api.", "api..v1", "-api", "api-", "api.-v1", "api-.v1", "a_b"]) {
    assert.deepEqual(pinsOf(`${name}:mp-101`), [], name);
  }
  assert.deepEqual(pinsOf("api:mp.101"), []);
});

test("upper case equals lower case, in ASCII only", () => {
  const parsed = parseRoute({
    pins: "Payment-Service:MP-101",
    environment: "OPS-101",
    mode: "STRICT",
  });
  assert.deepEqual([...parsed.route.pins], [["payment-service", "mp-101"]]);
  assert.equal(parsed.route.environment, "ops-101");
  assert.equal(parsed.route.mode, "strict");
  // U+212A lower-cases to k, and U+0130 to i with a dot.
  assert.deepEqual(pinsOf("\u212aart:mp-101"), []);
  assert.deepEqual(pinsOf("cart:\u0130-1"), []);
});

test("the leftmost pin of a service wins, and the others are rejected as shadowed", () => {
  const parsed = parseRoute({ pins: "cart:mp-101::a:b::cart:mp-102" });
  assert.deepEqual(
    [...parsed.route.pins],
    [
      ["cart", "mp-101"],
      ["a", "b"],
    ],
  );
  assert.deepEqual(parsed.rejected, [
    { field: "pins", reason: "ShadowedPin", text: "cart:mp-102" },
  ]);
});

test("a repeated pin is not rejected", () => {
  assert.deepEqual(parseRoute({ pins: "cart:mp-101::CART:mp-101,cart:mp-101" }).rejected, []);
});

test("a malformed entry is dropped alone", () => {
  const parsed = parseRoute({ pins: "cart:mp-101::nonsense::a:b:c::x:y" });
  assert.deepEqual(
    [...parsed.route.pins],
    [
      ["cart", "mp-101"],
      ["x", "y"],
    ],
  );
  assert.deepEqual(
    parsed.rejected.map((one) => one.text),
    ["nonsense", "a:b:c"],
  );
});

test("64 entries are read, the 65th makes the header count as absent", () => {
  const entries = Array.from({ length: maxEntries }, (_, at) => `s${at}:k`);
  assert.equal(pinsOf(entries.join("::")).length, 64);
  assert.deepEqual(pinsOf([...entries, "s64:k"].join("::")), []);
  assert.deepEqual(reasonsOf({ pins: [...entries, "s64:k"].join(",") }), ["TooManyEntries"]);
});

test("empty and malformed entries count toward the 64", () => {
  assert.deepEqual(pinsOf(`a:b${"::".repeat(63)}`), [["a", "b"]]);
  assert.deepEqual(reasonsOf({ pins: `a:b${"::".repeat(64)}` }), ["TooManyEntries"]);
  assert.deepEqual(reasonsOf({ pins: `a:b${",x".repeat(64)}` }), ["TooManyEntries"]);
});

test("4096 bytes are read, 4097 make the header count as absent", () => {
  const full = `a:b,${" ".repeat(maxFieldLength - 7)}c:d`;
  assert.equal(full.length, 4096);
  assert.equal(pinsOf(full).length, 2);
  assert.deepEqual(pinsOf(full.replace(",", ", ")), []);
  assert.deepEqual(reasonsOf({ pins: full.replace(",", ", ") }), ["TooLong"]);
  assert.deepEqual(reasonsOf({ environment: "a".repeat(4097) }), ["TooLong"]);
  assert.deepEqual(reasonsOf({ mode: "a".repeat(4097) }), ["TooLong"]);
});

test("a list whose canonical form is over 4096 bytes counts as absent, with commas too", () => {
  const pins = (extra: string): string[] => [
    extra,
    ...Array.from({ length: maxEntries - 1 }, (_, at) => `${"s".repeat(57)}${at + 10}:mp`),
  ];
  const fitting = pins(`${"s".repeat(62)}:m`);
  assert.equal(fitting.join("::").length, maxFieldLength);
  assert.equal(pinsOf(fitting.join(",")).length, maxEntries);
  const over = pins(`${"s".repeat(62)}:mp`);
  assert.ok(over.join(",").length <= maxFieldLength);
  const { route, rejected } = parseRoute({ pins: over.join(",") });
  assert.deepEqual([...route.pins], []);
  assert.deepEqual(
    rejected.map((one) => one.reason),
    ["TooLong"],
  );
  // A dropped entry doesn't count towards the canonical form.
  assert.equal(pinsOf([...fitting.slice(0, -1), "nonsense"].join(",")).length, maxEntries - 1);
});

test("a header of separators alone has no pins and is rejected", () => {
  for (const pins of ["::", "::::", ",", ", ,", ":", ":::"]) {
    assert.deepEqual(pinsOf(pins), [], pins);
    assert.notDeepEqual(reasonsOf({ pins }), [], pins);
  }
});

test("an empty header is unrouted and not rejected", () => {
  for (const empty of ["", " ", "\t ", []]) {
    assert.deepEqual(parseRoute({ pins: empty, environment: empty, mode: empty }), {
      route: unrouted,
      rejected: [],
    });
  }
});

test("an empty entry beside others is dropped alone and reported", () => {
  const parsed = parseRoute({ pins: "a:b::", environment: "ops-101, ", mode: ", strict" });
  assert.deepEqual([...parsed.route.pins], [["a", "b"]]);
  assert.equal(parsed.route.environment, "ops-101");
  assert.equal(parsed.route.mode, "strict");
  assert.deepEqual(
    parsed.rejected.map((one) => [one.field, one.reason, one.text]),
    [
      ["pins", "MalformedPin", ""],
      ["environment", "MalformedEnvironment", ""],
      ["mode", "UnknownMode", ""],
    ],
  );
});

test("names of built-in properties are ordinary names", () => {
  assert.deepEqual(pinsOf("constructor:tostring::hasownproperty:valueof"), [
    ["constructor", "tostring"],
    ["hasownproperty", "valueof"],
  ]);
  assert.deepEqual(pinsOf("__proto__:mp-101"), []);
  assert.equal(parseRoute({ pins: "a:b" }).route.pins.get("constructor"), undefined);
});

test("equal environments are merged, different ones are rejected", () => {
  assert.equal(
    parseRoute({ environment: "ops-101, OPS-101,ops-101" }).route.environment,
    "ops-101",
  );
  const parsed = parseRoute({ environment: ["ops-101", "ops-102"] });
  assert.equal(parsed.route.environment, undefined);
  assert.deepEqual(parsed.rejected, [
    { field: "environment", reason: "ConflictingEnvironments", text: "ops-101,ops-102" },
  ]);
});

test("an environment is a key: 40 characters at most", () => {
  assert.equal(parseRoute({ environment: "e".repeat(40) }).route.environment, "e".repeat(40));
  for (const environment of ["e".repeat(41), "-e", "e-", "e.e", "e:e", "e::e", "é"]) {
    assert.equal(parseRoute({ environment }).route.environment, undefined, environment);
    assert.deepEqual(reasonsOf({ environment }), ["MalformedEnvironment"], environment);
  }
});

test("an unknown mode is fallback, and rejected", () => {
  assert.equal(parseRoute({ mode: "strict" }).route.mode, "strict");
  assert.deepEqual(reasonsOf({ mode: "strict, strict" }), []);
  assert.equal(parseRoute({ mode: "stricter" }).route.mode, "fallback");
  assert.deepEqual(reasonsOf({ mode: "stricter" }), ["UnknownMode"]);
  assert.equal(parseRoute({ mode: "strict, fallback" }).route.mode, "fallback");
  assert.deepEqual(reasonsOf({ mode: "strict, fallback" }), ["ConflictingModes"]);
});

test("names obey the limits of DNS", () => {
  const long = `${"a".repeat(63)}.`.repeat(3);
  for (const good of ["a".repeat(63), long + "a".repeat(61), "0.1", "a-b.c", "a--b"]) {
    assert.ok(isServiceName(good), good);
  }
  for (const bad of ["a".repeat(64), long + "a".repeat(62), "", "."]) {
    assert.ok(!isServiceName(bad), bad);
  }
  assert.deepEqual(
    ["k".repeat(40), "k".repeat(41), "", "a.b", "-", "-a", "a-"].map((key) => isKey(key)),
    [true, false, false, false, false, false, false],
  );
  for (const bad of ["a\n", "a b", "A", "a/b", "a\u0660", "\uff41", "a`", "a{", "a:"]) {
    assert.deepEqual([isServiceName(bad), isKey(bad)], [false, false], JSON.stringify(bad));
  }
});

test("a rejection quotes at most 80 characters", () => {
  const [first] = parseRoute({ pins: "x".repeat(500) }).rejected;
  assert.equal(first?.text.length, 80);
});

test("parsing never throws and returns only valid names, whatever the text", () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (pins, environment, mode) => {
      const parsed = parseRoute({ pins, environment, mode });
      for (const [service, key] of parsed.route.pins)
        assert.ok(isServiceName(service) && isKey(key));
      assert.ok(parsed.route.pins.size <= maxEntries);
      if (parsed.route.environment !== undefined) assert.ok(isKey(parsed.route.environment));
      for (const one of parsed.rejected) assert.ok(one.text.length <= 80);
    }),
    { numRuns: 500 },
  );
});

test("a mebibyte of any text is rejected as too long", () => {
  for (const unit of [" ", "\t", ",", ":", "::", "a", "\0", "a:b::", " ,", "\u{1f600}", "\ud800"]) {
    const text = unit.repeat(Math.ceil(1_048_576 / unit.length));
    // White space alone is an empty value.
    const blank = text.trim() === "";
    const parsed = parseRoute({ pins: text, environment: text, mode: text });
    assert.deepEqual(parsed.route, unrouted);
    const expected = blank ? [] : ["TooLong", "TooLong", "TooLong"];
    assert.deepEqual(
      parsed.rejected.map((one) => one.reason),
      expected,
    );
  }
});

test("splitting agrees with the grammar's separators", () => {
  // Simple, but quadratic.
  const separator = /::|[ \t]*,[ \t]*/;
  fc.assert(
    fc.property(almostPins, (text) => {
      const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, "");
      fc.pre(trimmed !== "" && trimmed.length <= maxFieldLength);
      const entries = trimmed.toLowerCase().split(separator);
      const expected = new Map<string, string>();
      for (const entry of entries.length > maxEntries ? [] : entries) {
        const parts = /^([a-z0-9.-]+):([a-z0-9-]+)$/.exec(entry);
        const [, service = "", key = ""] = parts ?? [];
        if (isServiceName(service) && isKey(key) && !expected.has(service))
          expected.set(service, key);
      }
      assert.deepEqual(pinsOf(text), [...expected]);
    }),
    { numRuns: 2000 },
  );
});

test("parsing the canonical form returns the route", () => {
  fc.assert(
    fc.property(route, (wanted) => {
      const headers = new Map(formatRoute(wanted));
      const parsed = readRoute((name) => headers.get(name));
      assert.deepEqual(parsed.rejected, []);
      assert.deepEqual([...parsed.route.pins], [...wanted.pins]);
      assert.equal(parsed.route.environment, wanted.environment);
      assert.equal(parsed.route.mode, wanted.mode);
    }),
    { numRuns: 500 },
  );
});

test("the canonical form is idempotent", () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (pins, environment, mode) => {
      const once = formatRoute(parseRoute({ pins, environment, mode }).route);
      const headers = new Map(once);
      const again = parseRoute({
        pins: headers.get("x-service-route"),
        environment: headers.get("x-source-route"),
        mode: headers.get("x-route-mode"),
      });
      assert.deepEqual(formatRoute(again.route), once);
      assert.deepEqual(again.rejected, []);
    }),
    { numRuns: 1000 },
  );
});

test("a route without pins and environment has no headers", () => {
  assert.deepEqual(formatRoute(unrouted), []);
  assert.equal(formatPins(unrouted), undefined);
});
