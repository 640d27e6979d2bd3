import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { brokenRules } from "./import-graph.ts";

// A clone in miniature, with one file for every way to break a rule.
const files: Readonly<Record<string, string>> = {
  "packages/route/src/index.ts": "export const route = 1;",
  "packages/route/src/reads.ts":
    'import { readFileSync } from "node:fs"; export const a = readFileSync;',
  "packages/route/src/up.ts":
    'import { api } from "../../client/src/index.ts"; export const b = api;',
  "packages/client/src/index.ts":
    'import { route } from "../../route/src/index.ts"; export const api = route;',
  "packages/embedded-postgres/src/index.ts": "export const pg = 1;",
  "packages/client/src/db.test.ts":
    'import { pg } from "../../embedded-postgres/src/index.ts"; export const t = pg;',
  "packages/client/test/up.ts":
    'import { cli } from "../../../apps/cli/src/main.ts"; export const u = cli;',
  "packages/client/src/to-app.ts":
    'import { cli } from "../../../apps/cli/src/main.ts"; export const c = cli;',
  "packages/environment/src/one.ts":
    'import { two } from "./two.ts"; export const one = (): number => two();',
  "packages/environment/src/two.ts":
    'import { one } from "./one.ts"; export const two = (): number => one();',
  "packages/novel/src/index.ts":
    'import { route } from "../../route/src/index.ts"; export const n = route;',
  "test/planted-bugs/src/index.ts": "export const plant = 1;",
  "packages/client/test/plants.ts":
    'import { plant } from "../../../test/planted-bugs/src/index.ts"; export const p = plant;',
  "packages/client/src/to-tests.ts":
    'import { plant } from "../../../test/planted-bugs/src/index.ts"; export const p = plant;',
  "apps/cli/src/main.ts":
    'import { route } from "../../../packages/route/src/index.ts"; export const cli = route;',
  "apps/local/src/main.ts":
    'import type { x } from "../../cli/src/main.ts"; export type X = typeof x;',
  "apps/local/src/lost.ts": 'import { gone } from "./gone.ts"; export const l = gone;',
};

let dir = "";
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "cocktail-rules-"));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), text);
  }
});
after(() => rm(dir, { recursive: true, force: true }));

test("every way to break a rule is found, and what is allowed is not", async () => {
  const { violations, seen } = await brokenRules(dir);
  assert.deepEqual(violations.map(({ rule, from }) => `${from}: ${rule}`).toSorted(), [
    "apps/local/src/lost.ts: resolvable",
    "apps/local/src/main.ts: apps never import apps",
    "packages/client/src/to-app.ts: direction of packages/client",
    "packages/client/src/to-tests.ts: tests are for tests",
    "packages/client/test/up.ts: direction of the tests of packages/client",
    "packages/environment/src/one.ts: no cycles",
    "packages/novel/src/index.ts: unknown package",
    "packages/route/src/reads.ts: route is pure",
    "packages/route/src/up.ts: direction of packages/route",
  ]);
  assert.equal(
    seen,
    Object.keys(files).filter((file) => /^(packages|apps)\/.*\/src\//.test(file)).length,
  );
});
