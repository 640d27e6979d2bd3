import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../run-step.ts";
import { atVersion, releaseNotes } from "./version.ts";

test("a package and what it needs of its siblings get the version, the rest stays", () => {
  const manifest = {
    name: "@cocktail/client",
    version: "0.1.0",
    dependencies: { "@cocktail/route": "0.1.0", pg: "8.0.0" },
    devDependencies: { "@cocktail/other": "0.1.0" },
  };
  const siblings = new Set(["@cocktail/client", "@cocktail/route"]);
  assert.deepEqual(atVersion(manifest, "0.2.0", { siblings, isSibling: true }), {
    name: "@cocktail/client",
    version: "0.2.0",
    dependencies: { "@cocktail/route": "0.2.0", pg: "8.0.0" },
    devDependencies: { "@cocktail/other": "0.1.0" },
  });
});

test("what is no sibling keeps its version, and needs the new ones", () => {
  const shop = { version: "1.0.0", dependencies: { "@cocktail/context": "0.1.0" } };
  const siblings = new Set(["@cocktail/context"]);
  assert.deepEqual(atVersion(shop, "0.2.0", { siblings, isSibling: false }), {
    version: "1.0.0",
    dependencies: { "@cocktail/context": "0.2.0" },
  });
});

test("what is unreleased gets a heading of its own", () => {
  const changelog = "# Changes\n\n## Unreleased\n\n- new\n\n## 0.1.0 - 2026-01-01\n\n- old\n";
  assert.equal(
    releaseNotes(changelog, "0.2.0", "2026-02-03"),
    "# Changes\n\n## Unreleased\n\n## 0.2.0 - 2026-02-03\n\n- new\n\n## 0.1.0 - 2026-01-01\n\n- old\n",
  );
});

test("a release without a change is none", () => {
  assert.equal(releaseNotes("## Unreleased\n\n## 0.1.0\n\n- old\n", "0.2.0", "x"), undefined);
  assert.equal(releaseNotes("## 0.1.0\n", "0.2.0", "x"), undefined);
});

test("npm run release -- VERSION --dry-run names every file, and changes none", () => {
  const script = join(root, "scripts/release.ts");
  const run = (...argv: readonly string[]) =>
    spawnSync(process.execPath, [script, ...argv], { cwd: root, encoding: "utf8" });
  const { status, stdout, stderr } = run("99.0.0", "--dry-run");
  assert.equal(status, 0, stderr);
  for (const file of ["CHANGELOG.md", "packages/route/package.json", "package-lock.json"]) {
    assert.ok(stdout.includes(`would change ${file}\n`), stdout);
  }
  assert.ok(!readFileSync(join(root, "package.json"), "utf8").includes("99.0.0"));
  assert.match(run("next", "--dry-run").stderr, /"next" is no version\nfix: /);
});
