import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { until } from "@cocktail/test-support";
import { type Ended, environment, memberOf, runScript } from "./support/project.ts";

const main = join(import.meta.dirname, "../demo/main.ts");
const runDemo = (argv: readonly string[], temp: string): Promise<Ended> =>
  runScript([main, ...argv], "/", { ...environment(), TMPDIR: temp });

const wanted = [
  "stable",
  "one branch, by header",
  "two pins",
  "the same, by URL only",
  "a release candidate in the call chain",
  "a branch on top of rc",
  "an environment under one x-source-route",
  "a miss falls back, and says so",
  "strict mode",
  "a branch crashes",
  "promote the release candidate",
  "destroy",
  "stable saw no branch request",
];

/** The demo creates its files below TMPDIR, so that leftovers are found. */
async function ownTemp(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "cocktail-demo-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describe("npm run demo", { timeout: 240_000 }, () => {
  it("passes its thirteen steps, and leaves nothing behind", async () => {
    await using temp = await ownTemp();
    const { code, stdout, stderr } = await runDemo(["-o", "json"], temp.path);
    const steps = memberOf(JSON.parse(stdout), "steps");
    assert.ok(Array.isArray(steps));
    const each = (name: string): readonly unknown[] =>
      steps.map((step: unknown) => memberOf(step, name));
    assert.deepEqual(each("faults").flat(), [], stderr);
    assert.deepEqual(each("name"), wanted);
    assert.ok(each("ok").every((ok) => ok === true));
    for (const name of ["request", "expected", "trace", "ms"])
      assert.equal(each(name).length, wanted.length);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    assert.deepEqual(await readdir(temp.path), []);
  });

  it("cleans up after Ctrl-C during the start, before the lock is taken", async () => {
    await using temp = await ownTemp();
    const { child, said } = startDemo(temp.path);
    await until("the state directory", async () => {
      const [shop] = await readdir(temp.path);
      return shop !== undefined && existsSync(join(temp.path, shop, ".cocktail"))
        ? true
        : undefined;
    });
    child.kill("SIGINT");
    assert.equal(await new Promise((settle) => child.once("close", settle)), 130, said());
    assert.match(said(), /interrupted; every process was stopped and every file removed/);
    assert.deepEqual(await readdir(temp.path), []);
  });

  it("cleans up after Ctrl-C", async () => {
    await using temp = await ownTemp();
    const { child, said } = startDemo(temp.path);
    await until(
      "the second step to begin",
      () => (said().includes("one branch, by header") ? true : undefined),
      { ms: 60_000 },
    );
    child.kill("SIGINT");
    assert.equal(await new Promise((settle) => child.once("close", settle)), 130, said());
    assert.deepEqual(await readdir(temp.path), []);
  });
});

function startDemo(temp: string): { readonly child: ChildProcess; readonly said: () => string } {
  const child = spawn(process.execPath, ["--conditions=@cocktail/source", main], {
    cwd: "/",
    env: { ...environment(), TMPDIR: temp },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
  child.stderr.setEncoding("utf8").on("data", (more: string) => (text += more));
  return { child, said: () => text };
}
