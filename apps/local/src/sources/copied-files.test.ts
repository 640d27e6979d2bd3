import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Shop, shop } from "../testing/shop.ts";
import { git, write } from "../testing/temporary.ts";
import { copyFiles } from "./copied-files.ts";
import { revisionOf } from "./revision.ts";

interface Copying {
  readonly from: string;
  readonly to: string;
  copy(...files: readonly string[]): Promise<readonly string[]>;
}

/** A checkout of the branch, after `change` was committed to it. */
async function checkout(one: Shop, change: () => void): Promise<Copying> {
  git(one.root, "checkout", "-q", "feature/mp-1");
  write(one.root, { ".gitignore": "*.log\n.env*\ncerts/\n" });
  change();
  git(one.root, "add", "--all");
  git(one.root, "commit", "-qm", "more");
  git(one.root, "checkout", "-q", "main");
  const outcome = await one.worktrees.ensure(one.request);
  assert.ok(outcome.ok);
  const [from, to] = [join(one.root, "cart"), outcome.directory];
  return { from, to, copy: (...files) => copyFiles({ files, from, to }) };
}

const nothing = (): void => undefined;
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

describe("copied files", () => {
  test("a file that git ignores gets into the checkout with its mode, and is no work of the checkout", async () => {
    using one = shop();
    const { copy, from, to } = await checkout(one, nothing);
    write(from, { ".env.local": "A=1\n", "certs/dev.pem": "pem\n", "certs/run.sh": "x\n" });
    chmodSync(join(from, "certs/dev.pem"), 0o640);
    chmodSync(join(from, "certs/run.sh"), 0o4750);
    assert.deepEqual(await copy(".env.local", "certs/dev.pem", "certs/run.sh"), []);
    assert.equal(readFileSync(join(to, ".env.local"), "utf8"), "A=1\n");
    assert.equal(modeOf(join(to, "certs/dev.pem")), 0o640);
    assert.equal(modeOf(join(to, "certs/run.sh")), 0o750, "without setuid");
    assert.deepEqual(readdirSync(join(to, "certs")).toSorted(), ["dev.pem", "run.sh"]);
    assert.deepEqual(await one.worktrees.uncommittedWork("cart", "mp-1"), []);
    assert.equal(await revisionOf(to), git(one.root, "rev-parse", "feature/mp-1"));
  });

  test("is copied again when it changed, and left alone when it did not", async () => {
    using one = shop();
    const { copy, from, to } = await checkout(one, nothing);
    const target = join(to, ".env");
    write(from, { ".env": "A=1\n" });
    await copy(".env");
    const first = statSync(target);
    await copy(".env");
    assert.equal(statSync(target).ino, first.ino);
    assert.equal(statSync(target).mtimeMs, first.mtimeMs);
    write(from, { ".env": "A=2\n" });
    await copy(".env");
    assert.equal(readFileSync(target, "utf8"), "A=2\n");
    write(to, { ".env": "A=3\n" });
    await copy(".env");
    assert.equal(readFileSync(target, "utf8"), "A=2\n", "what a service wrote there is replaced");
  });

  test("a file that the branch tracks stays the branch's, and that is said", async () => {
    using one = shop();
    const { copy, from, to } = await checkout(one, () => {
      write(one.root, { "cart/.env": "OF=branch\n" });
      git(one.root, "add", "--force", "cart/.env");
    });
    write(from, { ".env": "OF=copy\n" });
    assert.deepEqual(await copy(".env"), ["copyFiles .env: the branch has its own, which stays"]);
    assert.equal(readFileSync(join(to, ".env"), "utf8"), "OF=branch\n");
  });

  test("what a branch planted in the way is not written through", async () => {
    using one = shop();
    const outside = join(one.root, "../outside");
    mkdirSync(outside);
    const { copy, from } = await checkout(one, () => {
      symlinkSync(outside, join(one.root, "cart/certs"));
      write(one.root, { "cart/keys": "a file\n", "cart/.env/a": "a directory\n" });
      git(one.root, "add", "--force", "cart");
    });
    write(from, { "certs/dev.pem": "secret", "certs/deep/dev.pem": "", "keys/a": "", ".env": "" });
    for (const file of ["certs/dev.pem", "certs/deep/dev.pem"])
      await assert.rejects(copy(file), /: certs is a link in the checkout, so nothing is copied/);
    await assert.rejects(copy("keys/a"), /: keys is a file in the checkout/);
    await assert.rejects(copy(".env"), /: \.env is a directory in the checkout/);
    assert.deepEqual(readdirSync(outside), []);
  });

  test("a link that a process of the branch left at the place is replaced, not followed", async () => {
    using one = shop();
    const { copy, from, to } = await checkout(one, nothing);
    const outside = join(one.root, "../outside");
    write(from, { ".env": "A=1\n" });
    symlinkSync(outside, join(to, ".env"));
    await copy(".env");
    assert.equal(existsSync(outside), false);
    assert.equal(readFileSync(join(to, ".env"), "utf8"), "A=1\n");
  });

  test("what is missing, no regular file, too large or elsewhere is refused by name", async () => {
    using one = shop();
    const { copy, from, to } = await checkout(one, nothing);
    const path = join(from, ".env");
    await assert.rejects(copy(".env"), /copyFiles \.env is not in .*cart: create it there, or/);
    mkdirSync(path);
    await assert.rejects(copy(".env"), /\.env is not a regular file/);
    rmSync(path, { recursive: true });
    execFileSync("mkfifo", [path]);
    await assert.rejects(copy(".env"), /\.env is not a regular file/);
    rmSync(path);
    symlinkSync("/etc/hostname", path);
    await assert.rejects(copy(".env"), /\.env is a link out of .*cart, to \/etc\/hostname/);
    rmSync(path);
    write(from, { ".env": "" });
    truncateSync(path, 2 ** 31);
    await assert.rejects(copy(".env"), /has 2147483648 bytes, more than the 10485760/);
    rmSync(path);
    write(from, { "real.log": "A=1\n" });
    symlinkSync("real.log", path);
    await copy(".env");
    assert.equal(readFileSync(join(to, ".env"), "utf8"), "A=1\n", "a link inside is a file");
  });

  test("what git does not ignore in the branch is refused: it would be taken for work", async () => {
    using one = shop();
    const { copy, from, to } = await checkout(one, nothing);
    write(from, { "settings.json": "{}" });
    await assert.rejects(copy("settings.json"), /is not ignored by git in the branch: add it to/);
    assert.equal(existsSync(join(to, "settings.json")), false);
    write(one.root, { ".git/info/exclude": "settings.json\n" });
    await copy("settings.json");
    assert.deepEqual(await one.worktrees.uncommittedWork("cart", "mp-1"), []);
  });
});
