import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { isKey, isServiceName } from "@cocktail/route";
import { key, label } from "./texts.ts";

/** Near the grammar: any text would hardly ever be a name. */
const texts = fc.string({
  unit: fc.constantFrom("a", "z", "0", "9", "-", ".", "A", "_", "ä", " ", "\n"),
  maxLength: 66,
});
const long = fc.integer({ min: 36, max: 66 }).map((length) => "a".repeat(length));

test("the API server accepts as a key what the grammar of routes does", () => {
  fc.assert(
    fc.property(fc.oneof(texts, long), (text) => {
      assert.equal(key.safeParse(text).success, isKey(text));
    }),
    { numRuns: 2_000 },
  );
});

test("whatever the API server accepts as a service is one for the grammar of routes", () => {
  fc.assert(
    fc.property(fc.oneof(texts, long), (text) => {
      assert.equal(label.safeParse(text).success, isServiceName(text) && !text.includes("."));
    }),
    { numRuns: 2_000 },
  );
});
