import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readRunFile, removeRunFile, type RunFile, writeRunFile } from "./run-file.ts";

const starting: RunFile = {
  pid: 4711,
  startTime: "boot:1",
  runId: "4b1d6d0e",
  name: "shop",
  version: "0.1.0",
  token: "secret",
  ready: false,
  startedAt: "2026-01-01T00:00:00.000Z",
  recovered: [],
};
const serving: RunFile = {
  ...starting,
  api: "http://127.0.0.1:4600",
  edge: "http://localhost:8080",
  ready: true,
  recovered: ["ended cart:stable#1"],
};

const temporary = () => mkdtempDisposableSync(join(tmpdir(), "cocktail-run-"));

test("what was written is read back, and only this user may read it", () => {
  using home = temporary();
  const path = join(home.path, "run.json");
  for (const run of [starting, serving]) {
    writeRunFile(path, run);
    assert.deepEqual(readRunFile(path), run);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
  removeRunFile(path);
  assert.equal(readRunFile(path), undefined);
});

test("members that a later version added are ignored", () => {
  using home = temporary();
  const path = join(home.path, "run.json");
  writeFileSync(path, JSON.stringify({ ...serving, added: { later: true } }));
  assert.equal(readRunFile(path)?.edge, serving.edge);
});

test("a file that names no process that may be signalled, or is incomplete, is ignored", () => {
  using home = temporary();
  const path = join(home.path, "run.json");
  const wrong: Readonly<Record<keyof RunFile, readonly unknown[]>> = {
    pid: [undefined, "4711", 1, 0, -4711, 1.5, 2 ** 53],
    startTime: [undefined, "", 1],
    runId: [undefined, "short", 12_345_678],
    name: [undefined, 1],
    version: [undefined, 1],
    api: [null, 1],
    edge: [null, 1],
    token: [undefined, null],
    ready: [undefined, "true"],
    startedAt: [undefined, 1],
    recovered: [undefined, "ended", [1]],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      writeFileSync(path, JSON.stringify({ ...serving, [name]: value }));
      assert.equal(readRunFile(path), undefined, `${name}: ${JSON.stringify(value)}`);
    }
  }
  for (const text of ["", "{", "null", "[]", '"text"']) {
    writeFileSync(path, text);
    assert.equal(readRunFile(path), undefined, text);
  }
});

test("a directory at its path is no run file, and is removed", () => {
  using home = temporary();
  const path = join(home.path, "run.json");
  mkdirSync(join(path, "inside"), { recursive: true });
  assert.equal(readRunFile(path), undefined);
  removeRunFile(path);
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
});
