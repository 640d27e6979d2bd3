import assert from "node:assert/strict";
import { test } from "node:test";
import { reasons } from "@cocktail/environment";
import { conditionFix, refusalText } from "./texts.ts";

/** Every param that a text may name. */
const params = Object.fromEntries(
  [
    "name what taken service url seconds max variant owner branch path why variants candidate",
    "environment children parent verb source isKnown",
  ]
    .join(" ")
    .split(" ")
    .map((name) => [name, `<${name}>`]),
);

test("every text is a complete sentence, and names no command of a client", () => {
  for (const reason of Object.keys(reasons)) {
    const texts = [conditionFix(reason, "cart:mp-1"), conditionFix(reason, "")];
    if (isReason(reason)) {
      const { detail, fix } = refusalText({ reason, params });
      texts.push(detail, fix);
    }
    for (const text of texts) {
      assert.doesNotMatch(text, /cocktail (?!\.yaml)[a-z]|undefined|--[a-z]/, `${reason}: ${text}`);
    }
  }
});

test("a text with params that are missing still says what happened", () => {
  const { detail } = refusalText({ reason: "EnvironmentExists", params: {} });
  assert.match(detail, /environment .*exists/);
  const names = refusalText({ reason: "KeyConflict", params: { variant: "constructor:x" } });
  assert.match(names.detail, /constructor:x/);
});

function isReason(text: string): text is keyof typeof reasons {
  return Object.hasOwn(reasons, text);
}
