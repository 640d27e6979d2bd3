import assert from "node:assert/strict";
import { test } from "node:test";
import { assertEveryRuleIsBroken } from "@cocktail/planted-bugs";
import * as fc from "fast-check";
import { loadTests, occurrences } from "./mutant-loader.ts";
import { mutants } from "./mutants.ts";

// A planted bug must be found, not made small.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });

test("every rule of the specification has a bug that breaks it", () => {
  assertEveryRuleIsBroken("route.md", mutants);
});

test("without a bug the tests that must notice them pass", async () => {
  for (const testFile of new Set(mutants.map((mutant) => mutant.testFile))) {
    const tests = await loadTests(testFile);
    const titles = mutants.filter((mutant) => mutant.testFile === testFile).map(({ test }) => test);
    for (const title of new Set(titles)) {
      const body = tests.get(title);
      assert.ok(body !== undefined, `${testFile} has no test "${title}"`);
      await body();
    }
  }
});

for (const [at, mutant] of mutants.entries()) {
  test(`${mutant.rule}, bug ${at + 1} is noticed by: ${mutant.test}`, async () => {
    const { file, find, replace } = mutant;
    assert.equal(occurrences(mutant), 1, `${file} must hold this exactly once: ${find}`);
    const body = (await loadTests(mutant.testFile, mutant)).get(mutant.test);
    assert.ok(body !== undefined, `${mutant.testFile} has no test "${mutant.test}"`);
    const noticed = await Promise.resolve()
      .then(body)
      .then(
        () => false,
        () => true,
      );
    assert.ok(noticed, `not noticed in ${file}:\n${find}\n->\n${replace}`);
  });
}
