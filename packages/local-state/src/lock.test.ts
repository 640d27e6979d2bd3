import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { acquireLock, lockHolder, removeStale } from "./lock.ts";

const temporary = () => mkdtempDisposableSync(join(tmpdir(), "cocktail-lock-"));

test("a lock has one holder, and is free again after its release", () => {
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

test("a lock of a dead process is taken over, and so is a malformed one", () => {
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

/** As another user than the one who may read everything, where this is that one. */
function unprivileged(work: () => void): void {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    work();
  } finally {
    process.seteuid?.(0);
  }
}

test("a lock that can't be read, such as another user's, is neither taken over nor reported as free", () => {
  using home = temporary();
  const path = join(home.path, "lock");
  chmodSync(home.path, 0o777); // the lock could be removed
  const lock = acquireLock(path);
  assert.ok(lock.ok);
  const text = readFileSync(path, "utf8");
  chmodSync(path, 0);
  unprivileged(() => {
    assert.throws(() => acquireLock(path), { code: "EACCES" });
    assert.throws(() => lockHolder(path), { code: "EACCES" });
  });
  assert.deepEqual(readdirSync(home.path), ["lock"]);
  chmodSync(path, 0o600);
  assert.equal(readFileSync(path, "utf8"), text);
  lock.release();
});

test("a lock that gets a living holder during the takeover is kept", () => {
  using home = temporary();
  const path = join(home.path, "lock");
  const lock = acquireLock(path);
  removeStale(path);
  assert.equal(existsSync(path), true);
  assert.ok(lock.ok);
  lock.release();
  assert.deepEqual(readdirSync(home.path), []);
});

test("of several processes that compete for a stale lock exactly one acquires it", async () => {
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
