import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { copyPackage } from "./copy.ts";
import { mutants } from "./mutants.ts";

// Each bug is planted in a copy, whose test then runs in a process of its own: a bug may end it, or hang it.
const copy = copyPackage();

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
}

/** Runs the tests of a file of the copy that have one of the titles, and counts those. */
async function runTests(testFile: string, titles: readonly string[]): Promise<Outcome> {
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
    { cwd: copy.directory, env: environment(), stdio: ["ignore", "pipe", "pipe"] },
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

describe("planted bugs", () => {
  after(() => copy[Symbol.dispose]());

  it("break every rule of the specification", () => {
    const spec = readFileSync(join(import.meta.dirname, "../../../docs/spec/gateway.md"), "utf8");
    const rules = [...spec.matchAll(/^### (G-[0-9]+) /gm)].map(([, rule = ""]) => rule);
    assert.ok(rules.length >= 25);
    assert.deepEqual(new Set(mutants.map(({ rule }) => rule)), new Set(rules));
  });

  for (const [testFile, list] of Map.groupBy(mutants, (mutant) => mutant.testFile)) {
    const titles = [...new Set(list.map(({ test }) => test))];

    it(`are noticed by ${testFile} alone, which passes without them`, async () => {
      const { passed, failed, text } = await runTests(testFile, titles);
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
          const { failed, text } = await runTests(testFile, [test]);
          assert.ok(failed > 0, `not noticed by "${test}" of ${testFile}:\n${text}`);
        } finally {
          writeFileSync(path, source);
        }
      });
    }
  }
});
