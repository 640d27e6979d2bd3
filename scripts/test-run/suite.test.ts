import assert from "node:assert/strict";
import { test } from "node:test";
import { selectFiles, suiteOf } from "./suite.ts";

const files = [
  "packages/route/src/resolve.test.ts",
  "packages/route-extra/src/x.test.ts",
  "test/e2e/storm.test.ts",
  "scripts/docs/spec.test.ts",
];

test("a suite is a workspace", () => {
  assert.equal(suiteOf("testbed/src/node/config.test.ts"), "testbed");
  assert.deepEqual(files.map(suiteOf), [
    "packages/route",
    "packages/route-extra",
    "test/e2e",
    "scripts",
  ]);
});

test("without filters the slow suites are left out, with --all they are in", () => {
  const chosen = (all: boolean): number => selectFiles(files, { filters: [], all }).chosen.length;
  assert.deepEqual([chosen(false), chosen(true)], [3, 4]);
});

test("what needs a testbed runs by name alone", () => {
  const inTestbed = ["test/cluster/golden.test.ts", "test/node/pods.test.ts"];
  assert.deepEqual(selectFiles(inTestbed, { filters: [], all: true }).chosen, []);
  assert.deepEqual(
    selectFiles(inTestbed, { filters: ["test/node"], all: false }).chosen,
    inTestbed.slice(1),
  );
});

test("a filter is a folder or a file, never a prefix of a name", () => {
  const filters = ["./packages/route/", "test/e2e/storm.test.ts"];
  assert.deepEqual(selectFiles(files, { filters, all: false }), {
    chosen: [files[0], files[2]],
    empty: [],
  });
});

test("a filter that selects nothing is told", () => {
  assert.deepEqual(selectFiles(files, { filters: ["packages/rout"], all: false }), {
    chosen: [],
    empty: ["packages/rout"],
  });
});
