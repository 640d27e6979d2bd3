import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporary } from "../testing/temporary.ts";
import { acquireLock, removeStale } from "./lock.ts";

test("a lock is held once, and free again when it was released", () => {
  using home = temporary();
  const path = join(home.path, "lock");
  const first = acquireLock(path);
  assert.ok(first.ok);
  const second = acquireLock(path);
  assert.ok(!second.ok);
  assert.equal(second.holder.pid, process.pid);
  first.release();
  const third = acquireLock(path);
  assert.ok(third.ok);
  third.release();
  assert.deepEqual(readdirSync(home.path), []);
});

test("the lock of a dead process is taken over, an unreadable one too", () => {
  using home = temporary();
  const path = join(home.path, "lock");
  for (const text of [
    JSON.stringify({ pid: process.pid, startTime: "an earlier process" }),
    "",
    "{",
  ]) {
    writeFileSync(path, text);
    const taken = acquireLock(path);
    assert.ok(taken.ok, text);
    taken.release();
  }
});

test("a lock that got a living holder while it was looked at stays", () => {
  using home = temporary();
  const path = join(home.path, "lock");
  const lock = acquireLock(path);
  removeStale(path);
  assert.equal(existsSync(path), true);
  assert.ok(lock.ok);
  lock.release();
  assert.deepEqual(readdirSync(home.path), []);
});

test("of many that want a stale lock at once exactly one gets it", async () => {
  using home = temporary();
  const path = join(home.path, "lock");
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: "an earlier process" }));
  const script = `
    const { acquireLock } = await import(${JSON.stringify(import.meta.resolve("./lock.ts"))});
    process.stdout.write(acquireLock(${JSON.stringify(path)}).ok ? "y" : "n");
    process.stdin.resume(); // holds the lock until the test has counted`;
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, [...process.execArgv, "--input-type=module", "-e", script], {
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  const answers = await Promise.all(
    children.map(
      (child) =>
        new Promise<string>((resolve) =>
          child.stdout.once("data", (text) => resolve(String(text))),
        ),
    ),
  );
  assert.deepEqual(answers.toSorted(), ["n", "n", "n", "n", "n", "y"]);
  const ended = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(ended);
  assert.equal(existsSync(path), true);
  const next = acquireLock(path);
  assert.ok(next.ok);
  next.release();
});

/** What `work` does as somebody who may not read the files of this user. */
function asAnotherUser(t: TestContext, work: () => void): void {
  if (process.getuid?.() !== 0) return work();
  try {
    process.seteuid?.(65_534);
  } catch {
    return t.skip("this user namespace has no other user");
  }
  try {
    work();
  } finally {
    process.seteuid?.(0);
  }
}

test("a lock that may not be read is not taken for stale", (t) => {
  using home = temporary();
  const path = join(home.path, "lock");
  writeFileSync(path, JSON.stringify({ pid: process.pid, startTime: "of another user" }));
  chmodSync(path, 0o000);
  chmodSync(home.path, 0o777);
  asAnotherUser(t, () => assert.throws(() => acquireLock(path), { code: "EACCES" }));
  assert.ok(existsSync(path), "it was removed");
});
