import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { until } from "@cocktail/test-support";
import { git, temporary, write } from "../testing/temporary.ts";
import { revisionOf } from "./revision.ts";
import { type WorktreeRequest, Worktrees } from "./worktree.ts";
import { type Shop, shop } from "../testing/shop.ts";

async function ensured(
  { request, worktrees }: Shop,
  change: Partial<WorktreeRequest> = {},
): Promise<string> {
  const outcome = await worktrees.ensure({ ...request, ...change });
  assert.ok(outcome.ok, outcome.ok ? "" : outcome.message);
  return outcome.directory;
}

/** How many git knows of, the clone left out. */
function worktreesOf(root: string): number {
  return git(root, "worktree", "list").split("\n").length - 1;
}

describe("worktrees", () => {
  test("a branch is checked out in a directory of its own, and removed without a trace", async () => {
    using one = shop();
    const directory = await ensured(one);
    assert.equal(readFileSync(join(directory, "app.txt"), "utf8"), "two\n");
    assert.equal(readFileSync(join(one.root, "cart/app.txt"), "utf8"), "one\n");
    assert.equal((await one.worktrees.uncommittedWork("cart", "mp-1")).length > 0, false);
    await one.worktrees.removeAll("cart", "mp-1");
    assert.deepEqual(one.worktrees.paths("cart", "mp-1"), []);
    assert.equal(worktreesOf(one.root), 0);
  });

  test("a branch that is checked out in the clone works, and stays free there", async () => {
    using one = shop();
    git(one.root, "checkout", "-q", "feature/mp-1");
    assert.equal(readFileSync(join(await ensured(one), "app.txt"), "utf8"), "two\n");
    git(one.root, "checkout", "-q", "main");
    git(one.root, "checkout", "-q", "feature/mp-1");
  });

  test("a redeploy follows the branch and leaves the files of the incarnation before alone", async () => {
    using one = shop();
    const before = await ensured(one);
    git(one.root, "checkout", "-q", "feature/mp-1");
    write(one.root, { "cart/app.txt": "three\n" });
    git(one.root, "commit", "-qam", "three");
    const after = await ensured(one, { holder: "cart:mp-1#2" });
    assert.equal(readFileSync(join(after, "app.txt"), "utf8"), "three\n");
    assert.equal(readFileSync(join(before, "app.txt"), "utf8"), "two\n");
    await one.worktrees.release("cart:mp-1#1", "cart", "mp-1");
    assert.equal(existsSync(before), false);
    assert.equal(existsSync(after), true);
    assert.equal(worktreesOf(one.root), 1);
  });

  test("two incarnations of one commit share a checkout, and it stays until both are gone", async () => {
    using one = shop();
    const directory = await ensured(one);
    assert.equal(await ensured(one, { holder: "cart:mp-1#2" }), directory);
    await one.worktrees.release("cart:mp-1#1", "cart", "mp-1");
    assert.equal(existsSync(directory), true);
    await one.worktrees.release("cart:mp-1#2", "cart", "mp-1");
    assert.equal(existsSync(directory), false);
  });

  test("an unused checkout of an earlier run is removed with the next release", async () => {
    using one = shop();
    const old = await ensured(one, { branch: "main" });
    const later: Shop = { ...one, worktrees: new Worktrees(one.store) };
    const directory = await ensured(later);
    await later.worktrees.release("cart:mp-1#0", "cart", "mp-1");
    assert.equal(existsSync(old), false);
    assert.equal(existsSync(directory), true);
  });

  test("a revision stays what it was, whatever the branch does", async () => {
    using one = shop();
    const directory = await ensured(one, { revision: git(one.root, "rev-parse", "main") });
    assert.equal(readFileSync(join(directory, "app.txt"), "utf8"), "one\n");
  });

  test("changed files, new files and commits of its own are work that would be lost", async () => {
    using one = shop();
    const directory = await ensured(one);
    const dirty = async (): Promise<boolean> => {
      const found = await one.worktrees.uncommittedWork("cart", "mp-1");
      if (found.length > 0) assert.deepEqual(found, [dirname(directory)], "it says where");
      return found.length > 0;
    };
    write(directory, {
      "debug.log": "ignored",
      "__pycache__/a.pyc": "made by python",
      "node_modules/a/b": "made by npm",
    });
    assert.equal(await dirty(), false);
    write(directory, { "new.txt": "new" });
    assert.equal(await dirty(), true);
    rmSync(join(directory, "new.txt"));
    write(directory, { "app.txt": "changed" });
    assert.equal(await dirty(), true);
    await one.worktrees.release("cart:mp-1#1", "cart", "mp-1");
    assert.equal(existsSync(directory), true, "released, but not removed");
    git(directory, "commit", "-qam", "mine");
    assert.equal(await dirty(), true, "a commit that no branch holds");
    const outcome = await one.worktrees.ensure(one.request);
    assert.match(
      outcome.ok ? outcome.notes.join() : "",
      /has work that would be lost and stays as it is/,
    );
    git(directory, "branch", "kept");
    assert.equal(await dirty(), false);
  });

  test("commits of a branch that was rebased or deleted since are not work to keep", async () => {
    using one = shop();
    const before = await ensured(one);
    git(one.root, "checkout", "-q", "feature/mp-1");
    git(one.root, "commit", "-q", "--amend", "-m", "two, better");
    const after = await ensured(one, { holder: "cart:mp-1#2" });
    assert.notEqual(before, after);
    await one.worktrees.release("cart:mp-1#1", "cart", "mp-1");
    assert.equal(existsSync(before), false, "nothing collects");
    git(one.root, "checkout", "-q", "main");
    git(one.root, "branch", "-qD", "feature/mp-1");
    assert.equal((await one.worktrees.uncommittedWork("cart", "mp-1")).length > 0, false);
    git(after, "commit", "-q", "--allow-empty", "-m", "mine");
    assert.equal((await one.worktrees.uncommittedWork("cart", "mp-1")).length > 0, true);
  });

  test("the user's own worktree on an unmounted disk is not forgotten", async () => {
    using one = shop();
    const own = join(one.root, "../own");
    git(one.root, "worktree", "add", "-q", "--detach", own);
    renameSync(own, `${own}.away`);
    await ensured(one);
    await one.worktrees.removeAll("cart", "mp-1");
    assert.equal(worktreesOf(one.root), 1);
    renameSync(`${own}.away`, own);
    assert.equal(git(own, "status", "--porcelain"), "");
  });

  test("a deleted checkout is created again, and removed without a trace", async () => {
    using one = shop();
    const directory = await ensured(one);
    rmSync(one.store, { recursive: true });
    assert.equal(await ensured(one), directory);
    await one.worktrees.removeAll("cart", "mp-1");
    assert.equal(worktreesOf(one.root), 0);
  });

  test("a repository in a bare clone, in a path with spaces", async () => {
    using one = shop();
    using home = temporary();
    git(home.path, "clone", "-q", "--bare", one.root, "bare clone.git");
    const bare = join(home.path, "bare clone.git");
    const clone = join(home.path, "my work");
    git(bare, "worktree", "add", "-q", clone, "main");
    const worktrees = new Worktrees(join(home.path, "a state/worktrees"));
    const servicePath = join(clone, "cart");
    const directory = await ensured({ ...one, worktrees }, { servicePath });
    assert.equal(readFileSync(join(directory, "app.txt"), "utf8"), "two\n");
    await worktrees.removeAll("cart", "mp-1");
    assert.deepEqual(worktrees.paths("cart", "mp-1"), []);
    assert.equal(worktreesOf(bare), 1);
  });

  test("submodules stay empty, with a note", async () => {
    using one = shop();
    git(one.root, "checkout", "-q", "feature/mp-1");
    git(
      one.root,
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "--quiet",
      "add",
      "./.git",
      "sub",
    );
    git(one.root, "commit", "-qm", "with a submodule");
    const outcome = await one.worktrees.ensure(one.request);
    assert.match(outcome.ok ? outcome.notes.join() : "", /submodules are empty; prepare can run/);
    assert.equal((await one.worktrees.uncommittedWork("cart", "mp-1")).length > 0, false);
    await one.worktrees.removeAll("cart", "mp-1");
    assert.equal(worktreesOf(one.root), 0);
  });

  test("a missing filter, such as that of LFS: git's error, and nothing left behind", async () => {
    using one = shop();
    git(one.root, "checkout", "-q", "feature/mp-1");
    write(one.root, { ".gitattributes": "*.bin filter=large\n", "cart/a.bin": "pointer\n" });
    git(one.root, "add", ".");
    git(one.root, "commit", "-qm", "large");
    git(one.root, "config", "filter.large.smudge", "no-such-filter");
    git(one.root, "config", "filter.large.required", "true");
    await assert.rejects(one.worktrees.ensure(one.request), {
      name: "GitFailure",
      message: /^git worktree add .* failed; its log has what git printed$/,
      printed: /no-such-filter/,
    });
    assert.deepEqual(one.worktrees.paths("cart", "mp-1"), []);
    assert.equal(worktreesOf(one.root), 0);
  });

  test("creation stops when it is aborted, and leaves nothing behind", async () => {
    using one = shop();
    git(one.root, "checkout", "-q", "feature/mp-1");
    write(one.root, { ".gitattributes": "*.bin filter=slow\n", "cart/a.bin": "large\n" });
    git(one.root, "add", ".");
    git(one.root, "commit", "-qm", "slow");
    const begun = join(one.root, "../begun");
    git(one.root, "config", "filter.slow.smudge", `touch '${begun}'; exec sleep 60`);
    const stop = new AbortController();
    const making = one.worktrees.ensure({ ...one.request, signal: stop.signal });
    await until("the filter to begin", () => existsSync(begun));
    stop.abort();
    await assert.rejects(making, /git worktree add/);
    assert.equal(worktreesOf(one.root), 0);
  });

  test("a checkout whose git was killed is absent, and the next one is complete", async () => {
    using one = shop();
    git(one.root, "checkout", "-q", "feature/mp-1");
    write(one.root, {
      ".gitattributes": "*.bin filter=fatal\n",
      "cart/a.bin": "x",
      "cart/z.txt": "z",
    });
    git(one.root, "add", ".");
    git(one.root, "commit", "-qm", "more");
    git(one.root, "checkout", "-q", "main");
    // Of the shell that runs the filter, whose parent is the git that writes the files.
    git(one.root, "config", "filter.fatal.smudge", "kill -9 $PPID; sleep 60");
    await assert.rejects(one.worktrees.ensure(one.request), /git worktree add/);
    assert.deepEqual(one.worktrees.paths("cart", "mp-1"), []);
    assert.equal(worktreesOf(one.root), 0);
    git(one.root, "config", "filter.fatal.smudge", "cat");
    const directory = await ensured(one);
    assert.deepEqual(readdirSync(directory).toSorted(), ["a.bin", "app.txt", "z.txt"]);
  });

  test("a checkout that a killed run left half made is never taken as one, and its record goes", async () => {
    using one = shop();
    const path = dirname(await ensured(one));
    // As git and Cocktail leave it in the middle: files missing, the record locked, the mark beside it.
    rmSync(join(path, "cart/app.txt"));
    git(one.root, "worktree", "lock", "--reason", "initializing", path);
    write(dirname(path), { [`${basename(path)}.incomplete`]: "" });
    const directory = await ensured({ ...one, worktrees: new Worktrees(one.store) });
    assert.equal(readFileSync(join(directory, "app.txt"), "utf8"), "two\n");

    git(one.root, "worktree", "lock", "--reason", "initializing", path);
    write(dirname(path), { [`${basename(path)}.incomplete`]: "" });
    await new Worktrees(one.store).removeIncomplete();
    assert.deepEqual(one.worktrees.paths("cart", "mp-1"), []);
    assert.equal(worktreesOf(one.root), 0);
    assert.deepEqual(readdirSync(one.store), []);
  });

  test("the mark of a checkout that a killed run had not begun goes with the next start", async () => {
    using one = shop();
    rmSync(dirname(await ensured(one)), { recursive: true });
    write(one.store, { "cart.mp-1.0123456789ab.incomplete": "" });
    await new Worktrees(one.store).removeIncomplete();
    assert.deepEqual(readdirSync(one.store), []);
    assert.equal(worktreesOf(one.root), 0);
  });

  test("a start keeps complete checkouts, and the user's own worktrees", async () => {
    using one = shop();
    const directory = await ensured(one);
    const own = join(one.root, "../own");
    git(one.root, "worktree", "add", "--detach", own);
    rmSync(own, { recursive: true });
    await new Worktrees(one.store).removeIncomplete();
    assert.ok(existsSync(directory));
    assert.equal(worktreesOf(one.root), 2);
  });

  test("no file system monitor of git is started", async () => {
    using one = shop();
    const watcher = join(one.root, "../watcher");
    write(dirname(watcher), { watcher: `#!/bin/sh\ntouch '${watcher}.ran'\n` });
    chmodSync(watcher, 0o700);
    git(one.root, "config", "core.fsmonitor", watcher);
    await ensured(one);
    await one.worktrees.uncommittedWork("cart", "mp-1");
    await revisionOf(join(one.root, "cart"));
    assert.equal(existsSync(`${watcher}.ran`), false);
  });

  test("failures have a reason: no repository, no branch, no such directory at the commit", async () => {
    using one = shop();
    using outside = temporary();
    const reason = async (change: object): Promise<string> => {
      const outcome = await one.worktrees.ensure({ ...one.request, ...change });
      return outcome.ok ? "ok" : outcome.reason;
    };
    assert.equal(await reason({ servicePath: outside.path }), "NoRepository");
    assert.equal(await reason({ branch: "feature/mp-2" }), "BranchNotFound");
    assert.equal(await reason({ branch: "--help" }), "BranchNotFound");
    assert.equal(await reason({ revision: "0123456789" }), "BranchNotFound");
    mkdirSync(join(one.root, "later"));
    assert.equal(await reason({ servicePath: join(one.root, "later") }), "PathMissing");
  });

  test("many at once in one repository", async () => {
    using one = shop();
    const keys = Array.from({ length: 8 }, (_, number) => `mp-${number}`);
    const made = keys.flatMap((key) =>
      ["cart", "payment"].map((service) =>
        one.worktrees.ensure({ ...one.request, service, key, holder: service + key }),
      ),
    );
    assert.ok((await Promise.all(made)).every(({ ok }) => ok));
    assert.equal(worktreesOf(one.root), 16);
    await Promise.all(
      keys.flatMap((key) =>
        ["cart", "payment"].map((service) => one.worktrees.removeAll(service, key)),
      ),
    );
    assert.equal(worktreesOf(one.root), 0);
  });

  test("one variant's checkouts are never taken for another's", async () => {
    using one = shop();
    await ensured(one, { key: "mp-1" });
    await ensured(one, { key: "mp", holder: "cart:mp#1" });
    await ensured(one, { service: "cart.mp-1", key: "x", holder: "cart.mp-1:x#1" });
    const count = (service: string, key: string): number =>
      one.worktrees.paths(service, key).length;
    assert.deepEqual(
      [count("cart", "mp-1"), count("cart", "mp"), count("cart.mp-1", "x")],
      [1, 1, 1],
    );
    assert.equal(count("cart.mp-1", "mp"), 0);
  });
});
