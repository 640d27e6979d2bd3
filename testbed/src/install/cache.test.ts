import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { components, selectComponents, UsageError } from "../components.ts";
import { cacheRoot, entryOf, isInstalled, programOf } from "./cache.ts";
import { install, type InstallProgress } from "./install.ts";
import { type RunTool, ToolFailed, ToolMissing, toolRunner } from "./tool.ts";

describe("the cache of components", () => {
  let root = "";
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "cocktail-cache-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  const quiet: InstallProgress = { starting: () => undefined, done: () => undefined };
  const only = (name: string) => selectComponents([name]);

  test("every component has an entry of its own, which the estimate doesn't change", () => {
    const entries = components.map((one) => entryOf(one, root));
    assert.equal(new Set(entries).size, components.length);
    for (const one of components)
      assert.equal(entryOf({ ...one, seconds: 1 }, root), entryOf(one, root));
    const [first] = components;
    assert.ok(first);
    assert.notEqual(entryOf({ ...first, name: "other" }, root), entryOf(first, root));
  });

  test("it lies where the user keeps caches", () => {
    assert.equal(cacheRoot({ COCKTAIL_TESTBED_CACHE: "/a" }), "/a");
    assert.equal(cacheRoot({ XDG_CACHE_HOME: "/c" }), "/c/cocktail/testbed");
  });

  test("a component is built once, and a failed build leaves nothing", async () => {
    let builds = 0;
    const failing: RunTool = async (_program, args) => {
      builds++;
      const output = args[args.indexOf("-o") + 1] ?? "";
      await writeFile(output, "half");
      throw new ToolFailed("go build: exit 1");
    };
    await assert.rejects(install(only("etcd"), failing, quiet, root), ToolFailed);
    assert.deepEqual(await readdir(root), []);

    const working: RunTool = async (_program, args) => {
      builds++;
      await writeFile(args[args.indexOf("-o") + 1] ?? "", "whole");
    };
    await install(only("etcd"), working, quiet, root);
    await install(only("etcd"), working, quiet, root);
    assert.equal(builds, 2);
    const [etcd] = only("etcd");
    assert.ok(etcd && isInstalled(etcd, root));
    assert.equal(basename(programOf(etcd, root)), "etcd");
  });

  test("of two that build the same, one entry stays", async () => {
    const both: RunTool = async (_program, args) => {
      await writeFile(args[args.indexOf("-o") + 1] ?? "", "whole");
    };
    await mkdir(root, { recursive: true });
    await Promise.all([
      install(only("kubectl"), both, quiet, root),
      install(only("kubectl"), both, quiet, root),
    ]);
    const entries = (await readdir(root)).filter((name) => name.startsWith("kubectl"));
    assert.equal(entries.length, 1);
  });

  test("an unknown component is a usage error that lists the known ones", () => {
    assert.throws(
      () => selectComponents(["nothing"]),
      (error) => error instanceof UsageError && error.message.includes("etcd"),
    );
  });

  test("a program that is not there is named with the way to get it", async () => {
    const run = toolRunner(new AbortController().signal);
    await assert.rejects(
      run("cocktail-no-such-program", [], {}),
      (error) => error instanceof ToolMissing && error.message.includes("not on the PATH"),
    );
    await assert.rejects(run("sh", ["-c", "echo why >&2; exit 3"], {}), /exit 3\nwhy/);
  });
});
