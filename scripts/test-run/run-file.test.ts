import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

let dir = "";
before(async () => void (dir = await mkdtemp(join(tmpdir(), "cocktail-run-file-"))));
after(() => rm(dir, { recursive: true, force: true }));

const runFileUrl = new URL("run-file.ts", import.meta.url).href;

/**
 * Runs a test file of this source and answers "result,title,detail" of each outcome. In a process of its own: node:test
 * refuses to run inside of itself.
 */
async function outcomesOf(source: string, fileTimeoutMs = 60_000): Promise<readonly string[]> {
  const options = { root: dir, env: {}, testTimeoutMs: 60_000, fileTimeoutMs };
  const main = `import { runFile } from ${JSON.stringify(runFileUrl)};
    const outcomes = await runFile("a.test.ts", ${JSON.stringify(options)});
    console.log(JSON.stringify(outcomes.map(({ result, title, detail }) => [result, title, detail])));`;
  const header = `import { before, describe, it, test } from "node:test";\n`;
  await writeFile(join(dir, "a.test.ts"), header + source);
  await writeFile(join(dir, "main.mjs"), main);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [join(dir, "main.mjs")], { env });
  const outcomes: unknown = JSON.parse(stdout);
  assert.ok(Array.isArray(outcomes));
  return outcomes.map(String);
}

const summary = (outcomes: readonly string[]): readonly string[] =>
  outcomes.map((outcome) => outcome.split("\n")[0] ?? "");

test("tests count, suites don't, and a skipped suite counts as one skipped", async () => {
  const outcomes = await outcomesOf(`
    test("a", () => {});
    describe("d", () => { it("b", () => {}); it("c", { skip: "no python3" }, () => {}); });
    describe.skip("e", () => { it("never", () => {}); });
    test.todo("f");`);
  assert.deepEqual(summary(outcomes), [
    "passed,a,",
    "passed,b,",
    "skipped,c,no python3",
    "skipped,e,no reason given",
    "skipped,f,no reason given",
  ]);
});

test("a failing test is told with its error, and its suite does not count again", async () => {
  const outcomes = await outcomesOf(
    `describe("d", () => { it("a", () => { throw new Error("boo"); }); });`,
  );
  assert.deepEqual(summary(outcomes), ["failed,a,Error: boo"]);
});

test("a suite whose hook throws fails even if it holds no other failure", async () => {
  const outcomes = await outcomesOf(
    `describe("d", () => { before(() => { throw new Error("no database"); }); it("a", () => {}); });`,
  );
  assert.ok(summary(outcomes).includes("failed,d,Error: no database"));
});

test("a file without tests has no outcome", async () => {
  assert.deepEqual(await outcomesOf(""), []);
});

test("a file that can't be loaded fails with what it printed", async () => {
  const [outcome = "", ...more] = await outcomesOf("syntax error here");
  assert.deepEqual(more, []);
  assert.match(outcome, /^failed,\(the file itself\),[^]*SyntaxError/);
});

test("a file that keeps a handle open fails instead of hanging", async () => {
  const outcomes = await outcomesOf(`test("a", () => {}); setInterval(() => {}, 1000);`, 5000);
  assert.equal(outcomes.length, 2);
  assert.match(outcomes[1] ?? "", /^failed,\(the file itself\),.*aborted due to timeout/);
});

test("a file whose process ends early fails", async () => {
  const [outcome = ""] = await outcomesOf(`process.exit(3);`);
  assert.match(outcome, /^failed,\(the file itself\)/);
});
