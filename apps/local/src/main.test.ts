import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startChild } from "./processes/child-process.ts";
import { markEnvironment } from "./processes/detached.ts";
import { isGroupEmpty } from "./processes/process-group.ts";
import { openProcessRecords } from "./processes/process-records.ts";
import { startLocal } from "./testing/cocktail-local.ts";
import { temporary } from "./testing/temporary.ts";

const valid =
  "apiVersion: cocktail.dev/v1alpha1\nkind: Cocktail\nmetadata: {name: x}\nservices:\n- {name: a, command: [sleep, '100']}\n";

describe("cocktail-local, before it starts anything", () => {
  test("an invalid command line: usage, exit 2", async () => {
    using home = temporary();
    const local = startLocal(home.path, ["--prot", "1"]);
    assert.equal(await local.exited, 2);
    assert.match(local.stderr(), /Unknown option '--prot'[\s\S]*Usage: cocktail-local/);
    assert.equal(local.stdout(), "");
  });

  test("a file with faults: all of them on stderr, exit 2, and no state directory", async () => {
    using home = temporary({
      "cocktail.yaml":
        "apiVersion: cocktail.dev/v1alpha1\nkind: Cocktail\nmetadata: {name: x}\nservices:\n- {name: a, comand: [x]}\n- {name: b, path: ./none, command: [x]}\n",
    });
    const local = startLocal(home.path);
    assert.equal(await local.exited, 2);
    assert.match(
      local.stderr(),
      /^cocktail\.yaml:5:\d+: services\[0\]\.comand: unknown key\. Fix: did you mean command\?$/m,
    );
    assert.match(
      local.stderr(),
      /^cocktail\.yaml:6:\d+: services\[1\]\.path: .*none does not exist/m,
    );
    assert.match(local.stderr(), /has 3 faults/);
    assert.equal(existsSync(join(home.path, ".cocktail")), false);
  });

  test("a directory that a service should run in but that doesn't exist: line and fix, exit 2", async () => {
    using home = temporary({
      "cocktail.yaml":
        "apiVersion: cocktail.dev/v1alpha1\nkind: Cocktail\nmetadata: {name: x}\nservices:\n- {name: b, path: ./none, command: [x]}\n",
    });
    const local = startLocal(home.path);
    assert.equal(await local.exited, 2);
    assert.match(
      local.stderr(),
      /^cocktail\.yaml:5:13: services\[0\]\.path: .*none does not exist\. Fix: /m,
    );
  });

  test("no file: it is named, exit 2", async () => {
    using home = temporary();
    const local = startLocal(home.path, ["--file", "none.yaml"]);
    assert.equal(await local.exited, 2);
    assert.match(local.stderr(), /none\.yaml:1:1: can't be read/);
  });

  test("a path that the system refuses: line and fix, exit 2", async () => {
    const long = "x".repeat(300);
    using home = temporary({
      "cocktail.yaml": `apiVersion: cocktail.dev/v1alpha1\nkind: Cocktail\nmetadata: {name: x}\nservices:\n- {name: b, path: ./${long}, command: [x]}\n`,
    });
    const local = startLocal(home.path);
    assert.equal(await local.exited, 2);
    assert.match(local.stderr(), /services\[0\]\.path: .* can't be accessed: ENAMETOOLONG.* Fix: /);
  });

  test("an unusable state directory: exit 1 and a fix, not an internal error", async () => {
    using home = temporary({ "cocktail.yaml": valid, ".cocktail": "a file" });
    const local = startLocal(home.path);
    assert.equal(await local.exited, 1);
    assert.match(
      local.stderr(),
      /the state directory can't be used: .*\nFix: make sure that .*\.cocktail is a directory/,
    );
    assert.doesNotMatch(local.stderr(), /report this/);
  });

  test("an unknown log level: the valid ones, exit 2", async () => {
    using home = temporary({ "cocktail.yaml": valid });
    const local = startLocal(home.path, [], { COCKTAIL_LOG_LEVEL: "loud" });
    assert.equal(await local.exited, 2);
    assert.match(local.stderr(), /COCKTAIL_LOG_LEVEL is loud.*\nFix: set it to debug, info, warn/);
  });

  test("--end-leftovers ends the leftovers of a killed run, lists them on stdout, and starts nothing", async () => {
    using home = temporary();
    const processes = join(home.path, ".cocktail/processes");
    mkdirSync(processes, { recursive: true });
    const runId = randomUUID();
    const env = markEnvironment(runId, { service: "cart", key: "mp-1", incarnation: 1 });
    const leftover = startChild({
      command: ["sleep", "100"],
      directory: "/",
      env: { PATH: process.env["PATH"] ?? "", ...env },
    });
    openProcessRecords(processes, runId).add(leftover.pid, "cart:mp-1#1");
    const local = startLocal(home.path, ["--end-leftovers"]);
    assert.equal(await local.exited, 0, local.stderr());
    assert.equal(
      local.stdout(),
      `ended cart:mp-1#1 (process group ${leftover.pid}) of a run that was killed\n`,
    );
    assert.equal(isGroupEmpty(leftover.pid), true);
    assert.deepEqual(readdirSync(processes), []);
    const again = startLocal(home.path, ["--end-leftovers"]);
    assert.equal(await again.exited, 0);
    assert.equal(again.stdout(), "");
  });

  test("--end-leftovers where nothing ever ran creates nothing", async () => {
    using home = temporary();
    const local = startLocal(home.path, ["--end-leftovers"]);
    assert.equal(await local.exited, 0);
    assert.deepEqual(readdirSync(home.path), []);
  });
});
