import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { hash8, isKey, isReservedKey, isTicketOf, keyFromBranch } from "./index.ts";

test("the key of a branch with a ticket is the ticket", () => {
  assert.equal(keyFromBranch("feature/mp-101-bla-bla"), "mp-101");
  assert.equal(keyFromBranch("MP-101"), "mp-101");
  assert.equal(keyFromBranch("bugfix/OPS-7/second-try"), "ops-7");
  assert.equal(keyFromBranch("mp-101_and_ops-7"), "mp-101");
  assert.equal(keyFromBranch("x/mp2-9"), "mp2-9");
});

test("a ticket is never part of a longer word or number", () => {
  assert.equal(keyFromBranch("mp-1012"), "mp-1012");
  assert.equal(keyFromBranch("release-mp-101x"), "release-mp-101x");
  assert.equal(keyFromBranch("m-101"), "m-101");
  // Neither 1mp nor m is a project: a project has at least two characters and begins with a letter.
  assert.equal(keyFromBranch("1mp-101/b"), "1mp-101-b");
});

test("only tickets of the configured projects count", () => {
  const projects = ["OPS", "mp"];
  assert.equal(keyFromBranch("utf-8/ops-12", { projects }), "ops-12");
  assert.equal(keyFromBranch("utf-8/ops-12", { projects: ["utf"] }), "utf-8");
  assert.equal(keyFromBranch("utf-8-fix", { projects }), "utf-8-fix");
});

test("what only looks like a ticket is none", () => {
  assert.equal(keyFromBranch("utf-8/ops-12"), "ops-12");
  assert.equal(keyFromBranch("feature/utf-8-fix"), "feature-utf-8-fix");
  assert.equal(keyFromBranch("fix/CVE-2024-1234-urgent"), "fix-cve-2024-1234-urgent");
  assert.equal(keyFromBranch("rfc-9110"), "rfc-9110");
  assert.ok(!isTicketOf(keyFromBranch("rfc-9110"), "rfc-9110"));
  assert.equal(keyFromBranch("axios-1.9.0"), `axios-1-9-0-${hash8("axios-1.9.0")}`);
  assert.equal(keyFromBranch("mp-101.patch"), "mp-101");
});

test("a ticket in upper case is preferred, else the first", () => {
  assert.equal(keyFromBranch("feature/node-24-ABC-77"), "abc-77");
  assert.equal(keyFromBranch("feature/ABC-77-node-24"), "abc-77");
  assert.equal(keyFromBranch("OPS-1-MP-2"), "ops-1");
  assert.equal(keyFromBranch("feature/mp-2-ops-1"), "mp-2");
  assert.equal(keyFromBranch("feature/node-24-ABC-77", { projects: ["node"] }), "node-24");
  assert.ok(isTicketOf("abc-77", "feature/node-24-ABC-77"));
  assert.ok(!isTicketOf("feature-faster", "feature/Faster"));
});

test("a valid name is its own key, a slash becomes a dash", () => {
  assert.equal(keyFromBranch("faster-payments"), "faster-payments");
  assert.equal(keyFromBranch("feature/Faster"), "feature-faster");
});

test("a truncated or changed name gets a hash of the raw name", () => {
  const long = "feature/a-very-long-name-without-any-ticket-in-it";
  assert.equal(keyFromBranch(long), `feature-a-very-long-name-withou-${hash8(long)}`);
  assert.equal(keyFromBranch("a_b"), `a-b-${hash8("a_b")}`);
  assert.equal(keyFromBranch("-a-"), `a-${hash8("-a-")}`);
  const dash = "abcdefghijklmnopqrstuvwxyz-123-456-789-012345";
  assert.equal(
    keyFromBranch(dash.replace("xyz-", "xyza----")),
    `abcdefghijklmnopqrstuvwxyza-123-${hash8(dash.replace("xyz-", "xyza----"))}`,
  );
  assert.equal(keyFromBranch("\u00fc\u00fc"), hash8("\u00fc\u00fc"));
  assert.equal(keyFromBranch(""), hash8(""));
  // U+212A lower-cases to k, but this is another branch than feature/k.
  assert.notEqual(keyFromBranch("feature/\u212a"), keyFromBranch("feature/k"));
});

test("a dash at the end of the truncated name is trimmed before the hash", () => {
  const raw = `${"a".repeat(30)}-${"b".repeat(20)}`;
  assert.equal(keyFromBranch(raw), `${"a".repeat(30)}-${hash8(raw)}`);
});

test("a reserved key is never the key of a branch", () => {
  assert.equal(keyFromBranch("stable"), `stable-${hash8("stable")}`);
  assert.equal(keyFromBranch("RC"), `rc-${hash8("RC")}`);
});

test("a ticket that is too long for a key is truncated like any name", () => {
  const raw = `${"p".repeat(40)}-1`;
  assert.equal(keyFromBranch(raw), `${"p".repeat(31)}-${hash8(raw)}`);
});

test("the key of any branch is valid and not reserved", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(...Array.from("aBz09-_/.#")), size: "large" }),
    fc.constantFrom("stable", "rc", "RC", "Stable", "", "-", "/"),
  );
  fc.assert(
    fc.property(name, (branch) => {
      const key = keyFromBranch(branch);
      assert.ok(isKey(key), key);
      assert.ok(!isReservedKey(key));
      assert.equal(keyFromBranch(branch), key);
    }),
    { numRuns: 3000 },
  );
});

test("different long branches get different keys", () => {
  const keys = new Set(
    Array.from({ length: 20_000 }, (_, at) => hash8(`feature/some-long-name-${at}`)),
  );
  // A good 32-bit hash gives about 0.05 collisions here.
  assert.ok(keys.size >= 19_998);
});

test("a hash is 8 hex digits, the same on every machine", () => {
  assert.deepEqual(
    ["", "a", "mp-101", "\u00fc\u{1f600}"].map((text) => hash8(text)),
    ["ab3e7c0b", "91e9da27", "46c80f54", "4ad89857"],
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => /^[0-9a-f]{8}$/.test(hash8(text))),
  );
});
