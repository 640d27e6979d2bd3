import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, it } from "node:test";
import type { Mutant } from "./mutant.ts";
import { copyPackage } from "./package-copy.ts";
import { runTests } from "./run-tests.ts";

/** A package, and how its tests run while a bug is in it. */
export interface PlantedPackage {
  readonly directory: string;
  /** After this a test that hangs has noticed the bug. */
  readonly testTimeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Fails unless the tests of these bugs pass in the package as it is. */
export async function assertTestsPass(
  { directory, testTimeoutMs, env = {} }: PlantedPackage,
  testFile: string,
  mutants: readonly Mutant[],
): Promise<void> {
  const titles = [...new Set(mutants.map(({ test }) => test))];
  const run = { directory, testFile, titles, testTimeoutMs, env };
  const { passed, failed, text } = await runTests(run);
  assert.equal(failed, 0, text);
  assert.ok(passed >= titles.length, `only ${passed} of ${titles.length} ran:\n${text}`);
}

/** Why a bug can't be planted: the text that it replaces must be in its file exactly once. */
export function faultOf(directory: string, { rule, file, find }: Mutant): string | undefined {
  const count = readFileSync(join(directory, "src", file), "utf8").split(find).length - 1;
  return count === 1 ? undefined : `${rule}: ${file} holds this ${count} times, not once: ${find}`;
}

/** Plants the bug in the package, fails unless its test does, and takes it out again. */
export async function assertNoticed(
  { directory, testTimeoutMs, env = {} }: PlantedPackage,
  mutant: Mutant,
): Promise<void> {
  const { file, find, replace, testFile, test } = mutant;
  const path = join(directory, "src", file);
  assert.equal(faultOf(directory, mutant), undefined);
  const source = readFileSync(path, "utf8");
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    const run = { directory, testFile, titles: [test], testTimeoutMs, env };
    const { failed, text } = await runTests(run);
    assert.ok(failed > 0, `not noticed by "${test}" of ${testFile}:\n${text}`);
  } finally {
    writeFileSync(path, source);
  }
}

/**
 * Plants each bug in a copy of the package, whose test then runs in a process of its own: a bug may end it, or hang it.
 * To be called in a `describe`.
 */
export function plant(original: PlantedPackage, mutants: readonly Mutant[]): void {
  const copy = copyPackage(original.directory);
  after(() => copy[Symbol.dispose]());
  const planted = { ...original, directory: copy.directory };
  for (const [testFile, list] of Map.groupBy(mutants, (mutant) => mutant.testFile)) {
    it(`are noticed by ${testFile} alone, which passes without them`, () =>
      assertTestsPass(planted, testFile, list));

    for (const mutant of list) {
      const { rule, file, find, replace } = mutant;
      it(`${rule}, ${file}: ${find} -> ${replace}`, () => assertNoticed(planted, mutant));
    }
  }
}
