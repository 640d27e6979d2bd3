import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../run-step.ts";

const places = [
  ".",
  "apps/cli/src",
  "apps/local/src",
  "packages/control-plane/src",
  "packages/control-plane/src/api",
  "packages/control-plane/src/engine",
  "packages/environment/src",
  "packages/gateway/src",
  "packages/work-queue/src",
];

test("every file that the walkthrough stops at exists", () => {
  const page = readFileSync(join(root, "docs/walkthrough.md"), "utf8");
  const files = [...page.matchAll(/`([a-z0-9/.-]+\.ts)`/g)].map(([, file = ""]) => file);
  assert.ok(files.length > 60, `only ${files.length} files are named`);
  const gone = files.filter((file) => !places.some((place) => existsSync(join(root, place, file))));
  assert.deepEqual([...new Set(gone)], []);
});
