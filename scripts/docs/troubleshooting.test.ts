import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../run-step.ts";
import { doctorRows, renderRows, troubleshootingRows } from "./troubleshooting.ts";

const page = join(root, "docs/guides/troubleshooting.md");
const doctorFiles = globSync("apps/cli/src/doctor/*.ts", { cwd: root })
  .toSorted()
  .map((file) => readFileSync(join(root, file), "utf8"));

test("docs/guides/troubleshooting.md lists every word as the code defines it", (t) => {
  const [intro = ""] = readFileSync(page, "utf8").split("| word |");
  const rows = troubleshootingRows(doctorFiles);
  t.assert.fileSnapshot(intro + renderRows(rows), page, { serializers: [String] });
});

test("every row says what the word means and what to do", () => {
  for (const { word, meaning, remedy } of troubleshootingRows(doctorFiles))
    for (const text of [word, meaning, remedy]) assert.match(text, /^(?!.*undefined)\S/, word);
});

test("a finding of doctor is read from its check", () => {
  const source =
    'x ? ok("git", a)\n : failed(\n  "git",\n  `${a} is "old"`,\n  "install `git`",\n );';
  assert.deepEqual(doctorRows(source), [
    { word: "git", where: "doctor", meaning: '… is "old"', remedy: "install `git`" },
  ]);
  // Every call of the two functions, but for their definitions.
  const calls = doctorFiles.join("").match(/(?<!function )\b(?:warning|failed)\(/g) ?? [];
  assert.equal(doctorFiles.flatMap(doctorRows).length, calls.length);
});
