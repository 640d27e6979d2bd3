import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const onlyLinux = process.platform === "linux" ? {} : { skip: "only Linux tells environments" };

/** Runs test files of these sources as `npm test` does, with the exit code and what was printed. */
async function run(
  sources: Readonly<Record<string, string>>,
  patienceMs = 60_000,
): Promise<{ readonly code: number | null; readonly lines: readonly string[] }> {
  const directory = await mkdtemp(join(tmpdir(), "cocktail-reporter-"));
  try {
    const header = `import { before, describe, it, test } from "node:test";\n`;
    const names = Object.keys(sources).map((name) => `${name}.test.mjs`);
    for (const [name, source] of Object.entries(sources)) {
      await writeFile(join(directory, `${name}.test.mjs`), header + source);
    }
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(
      process.execPath,
      [
        "--test",
        "--test-concurrency=2",
        `--test-reporter=${join(import.meta.dirname, "reporter.ts")}`,
        "--test-reporter-destination=stdout",
        ...names,
      ],
      {
        cwd: directory,
        stdio: ["ignore", "pipe", "inherit"],
        env: {
          ...env,
          COCKTAIL_TEST_RUN: randomUUID(),
          COCKTAIL_TEST_PATIENCE_MS: String(patienceMs),
        },
      },
    );
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await once(child, "close");
    return { code: child.exitCode, lines: text.trimEnd().split("\n") };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const total = (lines: readonly string[]): string => lines.at(-1) ?? "";

test("tests count, suites don't, and a skipped suite counts as one skipped", async () => {
  const { code, lines } = await run({
    a: `test("a", () => {});
      describe("d", () => { it("b", () => {}); it("c", { skip: "no python3" }, () => {}); });
      describe.skip("e", () => { it("never", () => {}); });
      test.todo("f");`,
    b: `test("g", () => {});`,
  });
  assert.equal(code, 0);
  assert.equal(total(lines), "3 passed, 0 failed, 3 skipped");
  assert.ok(lines.includes('skipped: a.test.mjs "c": no python3'), lines.join("\n"));
  assert.ok(
    lines.some((line) => line.startsWith("ok   a.test.mjs (")),
    lines.join("\n"),
  );
});

test("a failing test is told with its error, and its suite does not count again", async () => {
  const { code, lines } = await run({
    a: `describe("d", () => { it("a", () => { throw new Error("boo"); }); }); test("b", () => {});`,
  });
  assert.equal(code, 1);
  assert.equal(total(lines), "1 passed, 1 failed, 0 skipped");
  assert.match(lines.join("\n"), /FAIL a\.test\.mjs "a"\n {4}Error: boo\n[^]*FAIL a\.test\.mjs \(/);
});

test("a suite whose hook throws fails even if it holds no other failure", async () => {
  const { code, lines } = await run({
    a: `describe("d", () => { before(() => { throw new Error("no database"); }); it("a", () => {}); });`,
  });
  assert.equal(code, 1);
  assert.match(lines.join("\n"), /FAIL a\.test\.mjs "d"\n {4}Error: no database/);
});

test("a file without tests fails", async () => {
  const { code, lines } = await run({ a: "", b: `test("b", () => {});` });
  assert.equal(code, 1);
  assert.ok(lines.includes("FAIL a.test.mjs holds no test"), lines.join("\n"));
  assert.equal(total(lines), "1 passed, 1 failed, 0 skipped");
});

test("a file that can't be loaded, or whose process ends early, fails with what it printed", async () => {
  const { code, lines } = await run({ a: "syntax error here", b: "process.exit(3);" });
  assert.equal(code, 1);
  assert.match(lines.join("\n"), /FAIL a\.test\.mjs "\(the file itself\)"[^]*SyntaxError/);
  assert.match(lines.join("\n"), /FAIL b\.test\.mjs "\(the file itself\)"/);
  assert.equal(total(lines), "0 passed, 2 failed, 0 skipped");
});

test("a file that keeps a handle open fails instead of hanging", onlyLinux, async () => {
  const { code, lines } = await run(
    { a: `test("a", () => {}); setInterval(() => {}, 1000);` },
    3_000,
  );
  assert.equal(code, 1);
  assert.equal(total(lines), "1 passed, 1 failed, 0 skipped");
  assert.match(lines.join("\n"), /FAIL a\.test\.mjs "\(the file itself\)"/);
});

test("a test that a helper declares counts for the file that runs it", async () => {
  const helper = `import { test } from "node:test";\nexport const declare = () => test("a", () => {});`;
  const { code, lines } = await run({
    a: `import { declare } from "data:text/javascript,${encodeURIComponent(helper)}"; declare();`,
    b: `test("b", () => {});`,
  });
  assert.equal(code, 0);
  assert.equal(total(lines), "2 passed, 0 failed, 0 skipped");
});

test("a process that outlives its test is ended, and fails the run", onlyLinux, async () => {
  const { code, lines } = await run({
    a: `import { spawn } from "node:child_process";
      test("a", () => { spawn("sleep", ["600"], { detached: true, stdio: "ignore" }).unref(); });`,
  });
  assert.equal(code, 1);
  assert.match(lines.join("\n"), /FAIL process \d+ outlived its test: sleep 600/);
  assert.equal(total(lines), "1 passed, 1 failed, 0 skipped");
});
