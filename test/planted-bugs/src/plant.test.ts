import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Mutant } from "./mutant.ts";
import { assertNoticed, assertTestsPass } from "./plant.ts";

const directory = mkdtempSync(join(tmpdir(), "cocktail-planted-"));
const source = "export const sum = (a: number, b: number): number => a + b;\n";
mkdirSync(join(directory, "src"));
writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
writeFileSync(join(directory, "src/sum.ts"), source);
writeFileSync(
  join(directory, "src/sum.test.ts"),
  `import assert from "node:assert/strict";
import { test } from "node:test";
import { sum } from "./sum.ts";
test("adds (two)", () => assert.equal(sum(2, 3), 5));
test("adds (two) and more", () => assert.fail("has another title"));
test.skip("is skipped", () => {});
`,
);
const target = { directory, testTimeoutMs: 20_000 };
const bug: Mutant = {
  rule: "X-1",
  file: "sum.ts",
  find: "a + b",
  replace: "a - b",
  testFile: "sum.test.ts",
  test: "adds (two)",
};

describe("a planted bug", () => {
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("is noticed when its test fails, and is taken out again", async () => {
    await assertNoticed(target, bug);
    assert.equal(readFileSync(join(directory, "src/sum.ts"), "utf8"), source);
    await assertTestsPass(target, bug.testFile, [bug]);
  });

  it("that changes nothing is told as not noticed, and is taken out again", async () => {
    const useless = { ...bug, replace: "b + a" };
    await assert.rejects(assertNoticed(target, useless), /not noticed by "adds \(two\)"/);
    assert.equal(readFileSync(join(directory, "src/sum.ts"), "utf8"), source);
  });

  it("that is not in the source exactly once is refused", async () => {
    for (const find of ["a * b", "number"]) {
      await assert.rejects(assertNoticed(target, { ...bug, find }), /not once/);
    }
  });

  it("needs a test that runs and passes without it", async () => {
    for (const test of ["is skipped", "is not there"]) {
      await assert.rejects(
        assertTestsPass(target, bug.testFile, [{ ...bug, test }]),
        /only 0 of 1 ran/,
      );
    }
    const failing = { ...bug, test: "adds (two) and more" };
    await assert.rejects(assertTestsPass(target, bug.testFile, [failing]), /has another title/);
  });
});
