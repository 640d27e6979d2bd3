import assert from "node:assert/strict";
import { test } from "node:test";
import { missingTests, renderFrameworks, type Tested } from "./frameworks-page.ts";

const mixed = {
  key: "db",
  packages: ["db5"],
  does: "`query(callback)`",
  mixes: { remedy: "db, bind" },
};
const bound = { key: "db, bind", packages: ["db5"], does: "`query(bind(callback))`" };

const tested: Tested = {
  servers: [],
  clients: [mixed, bound],
  elsewhere: [],
  project: { "node_modules/db5": { name: "db", version: "5.0.1" } },
  clone: {},
};

test("the page has the version that is installed, by the package's own name, and what a loss is avoided by", () => {
  const page = renderFrameworks(tested);
  assert.ok(
    page.includes(
      "\n| db 5.0.1 | `query(callback)` | **mixed**. Instead: `query(bind(callback))` |\n",
    ),
  );
  assert.ok(page.includes("\n| db 5.0.1 | `query(bind(callback))` | kept |\n"));
});

test("the page is refused without the cell of a remedy, or the version of a package", () => {
  assert.throws(() => renderFrameworks({ ...tested, clients: [mixed] }), /no cell "db, bind"/);
  assert.throws(() => renderFrameworks({ ...tested, project: {} }), /db5 is in no package-lock/);
});

test("a suite that is named and not there is told", () => {
  const named = { what: "all", packages: [], file: "a.test.ts", title: "suite" };
  assert.deepEqual(
    missingTests([named], () => 'describe("suite", () => {});'),
    [],
  );
  const problem = 'test/frameworks/cells.ts: a.test.ts has no running test "suite"';
  assert.deepEqual(
    missingTests([named], () => 'describe.skip("suite", () => {});'),
    [problem],
  );
  assert.deepEqual(
    missingTests([named], () => undefined),
    [problem],
  );
});
