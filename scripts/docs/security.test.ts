import assert from "node:assert/strict";
import { test } from "node:test";
import { securityProblems } from "./security.ts";

const rules = [{ id: "A-3" }, { id: "S-1" }];
const page = (...lines: readonly string[]): string =>
  ["# Security", "Prose.", "", "## Reporting", "Prose.", "", "## Users", "", ...lines, ""].join(
    "\n",
  );

test("a sentence names rules that exist, and every rule about security is named", () => {
  assert.deepEqual(
    securityProblems(page("- One. (A-3)", "- `.cocktail` is closed. (S-1, A-3)"), rules),
    [],
  );
});

test("a sentence without a rule, two in one, a rule that is gone and one that is not named are problems", () => {
  const bad = page("- One.", "Two. (A-3)", "- Three. And four. (A-3)", "- Five. (A-3, A-4)");
  assert.deepEqual(securityProblems(bad, rules), [
    "SECURITY.md:9: no rule holds it (- Sentence. (A-3, S-2))",
    "SECURITY.md:10: no rule holds it (- Sentence. (A-3, S-2))",
    "SECURITY.md:11: is more than one sentence",
    "SECURITY.md:12: docs/spec has no rule A-4",
    "SECURITY.md says nothing of S-1",
  ]);
});
