import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { git, temporary, write } from "../testing/temporary.ts";
import { type Shop, shop } from "../testing/shop.ts";
import { isBranchName } from "./git.ts";
import type { WorktreeRequest } from "./worktree.ts";

async function checkout(
  { request, worktrees }: Shop,
  change: Partial<WorktreeRequest> = {},
): Promise<string> {
  const outcome = await worktrees.ensure({ ...request, ...change });
  assert.ok(outcome.ok, outcome.ok ? "" : outcome.message);
  return outcome.directory;
}

test("no hook of git runs, whether the repository or the branch brings it", async () => {
  using one = shop();
  const ran = join(one.root, "../ran");
  const hook = `#!/bin/sh\ntouch '${ran}'\n`;
  git(one.root, "checkout", "-q", "feature/mp-1");
  write(one.root, { ".husky/post-checkout": hook });
  chmodSync(join(one.root, ".husky/post-checkout"), 0o700);
  git(one.root, "add", ".");
  git(one.root, "commit", "-qm", "with a hook");
  write(one.root, { ".git/hooks/post-checkout": hook });
  chmodSync(join(one.root, ".git/hooks/post-checkout"), 0o700);
  git(one.root, "checkout", "-q", "main");
  assert.ok(existsSync(ran), "a checkout of the user runs it");
  rmSync(ran);
  await checkout(one);
  git(one.root, "config", "core.hooksPath", ".husky");
  await checkout(one, { key: "mp-2", holder: "cart:mp-2#1" });
  assert.equal(existsSync(ran), false);
});

test("a branch's name is one word, whatever a shell or git would make of it", async () => {
  using one = shop();
  const ran = join(one.root, "../ran");
  const command = `touch\${IFS}${ran}`;
  const names = [`$(${command})`, `\`${command}\``, `a;${command}`, `a|${command}&b`, "a'\"$x"];
  for (const [number, branch] of names.entries()) {
    git(one.root, "update-ref", `refs/heads/${branch}`, "feature/mp-1");
    const directory = await checkout(one, { branch, key: `k-${number}`, holder: `cart:${branch}` });
    assert.equal(readFileSync(join(directory, "app.txt"), "utf8"), "two\n", branch);
  }
  for (const branch of [
    "--upload-pack=touch ../ran",
    "-x",
    "../../x",
    "@{-1}",
    "main~0",
    "main^{tree}",
  ])
    assert.equal(isBranchName(branch), false, branch);
  assert.equal(existsSync(ran), false);
});

test("what a branch's links lead to is neither changed nor deleted with its checkout", async () => {
  using one = shop();
  using outside = temporary({ "kept.txt": "of the user" });
  git(one.root, "checkout", "-q", "feature/mp-1");
  symlinkSync(outside.path, join(one.root, "cart/link"));
  git(one.root, "add", ".");
  git(one.root, "commit", "-qm", "with a link");
  git(one.root, "checkout", "-q", "main");
  const directory = await checkout(one);
  assert.ok(existsSync(join(directory, "link/kept.txt")));
  await one.worktrees.removeAll("cart", "mp-1");
  assert.equal(existsSync(directory), false);
  assert.equal(readFileSync(join(outside.path, "kept.txt"), "utf8"), "of the user");
});
