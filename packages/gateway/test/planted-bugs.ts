import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, it } from "node:test";
import { copyPackage, type PackageCopy } from "./copy.ts";
import type { Mutant } from "./mutant.ts";

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
}

/** Runs the tests of a file of the copy that have one of the titles, and counts those. */
async function runTests(
  { directory }: PackageCopy,
  testFile: string,
  titles: readonly string[],
): Promise<Outcome> {
  const patterns = titles.map(
    (title) => `--test-name-pattern=${title.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}$`,
  );
  const child = spawn(
    process.execPath,
    [
      "--conditions=@cocktail/source",
      "--test-reporter=tap",
      "--test-force-exit",
      "--test-timeout=10000",
      ...patterns,
      join("src", testFile),
    ],
    { cwd: directory, env: environment(), stdio: ["ignore", "pipe", "pipe"] },
  );
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  }
  await new Promise((closed) => child.on("close", closed));
  const count = (verdict: string): number =>
    [...text.matchAll(new RegExp(`^ *${verdict} [0-9]+ - (.*)$`, "gm"))].filter(
      ([line, title = ""]) =>
        !line.includes("# SKIP") && titles.includes(title.replace(/\\(.)/g, "$1")),
    ).length;
  return { passed: count("ok"), failed: count("not ok"), text };
}

/** Without what tells a process that it is part of a test run; a bug that makes a test wait is noticed soon. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  return { ...rest, COCKTAIL_TEST_DEADLINE_MS: "3000" };
}

/**
 * Plants each bug in a copy of the package, whose test then runs in a process of its own: a bug may end it, or hang it.
 * To be called in a `describe`.
 */
export function plant(mutants: readonly Mutant[]): void {
  const copy = copyPackage();
  after(() => copy[Symbol.dispose]());
  for (const [testFile, list] of Map.groupBy(mutants, (mutant) => mutant.testFile)) {
    const titles = [...new Set(list.map(({ test }) => test))];

    it(`are noticed by ${testFile} alone, which passes without them`, async () => {
      const { passed, failed, text } = await runTests(copy, testFile, titles);
      assert.equal(failed, 0, text);
      assert.ok(passed >= titles.length, `only ${passed} of ${titles.length} ran:\n${text}`);
    });

    for (const { rule, file, find, replace, test } of list) {
      it(`${rule}, ${file}: ${find} -> ${replace}`, async () => {
        const path = join(copy.directory, "src", file);
        const source = readFileSync(path, "utf8");
        assert.equal(source.split(find).length, 2, `${file} must hold this exactly once: ${find}`);
        writeFileSync(
          path,
          source.replace(find, () => replace),
        );
        try {
          const { failed, text } = await runTests(copy, testFile, [test]);
          assert.ok(failed > 0, `not noticed by "${test}" of ${testFile}:\n${text}`);
        } finally {
          writeFileSync(path, source);
        }
      });
    }
  }
}
