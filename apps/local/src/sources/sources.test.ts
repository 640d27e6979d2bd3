import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { git, temporary, write } from "../testing/temporary.ts";
import { findBranch, isBranchName } from "./git.ts";
import { readEnvFiles } from "./env-files.ts";
import { preparationHash } from "./lockfiles.ts";
import { revisionOf } from "./revision.ts";
import { shop } from "../testing/shop.ts";

test("a branch is found on a remote, and a local one is preferred", async () => {
  using one = shop();
  using home = temporary();
  git(home.path, "clone", "-q", one.root, "clone");
  const clone = join(home.path, "clone");
  const found = await findBranch(clone, "feature/mp-1");
  assert.deepEqual(found, { ok: true, commit: git(one.root, "rev-parse", "feature/mp-1") });
  git(clone, "branch", "feature/mp-1", "main");
  const local = await findBranch(clone, "feature/mp-1");
  assert.deepEqual(local, { ok: true, commit: git(one.root, "rev-parse", "main") });
});

test("branch names that git would take for something else are refused", () => {
  for (const name of ["feature/mp-1", "MP-1_x", "ü", "a.b"])
    assert.equal(isBranchName(name), true, name);
  const bad = [
    "",
    "-x",
    "a..b",
    "a b",
    "a\nb",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a@{1}",
    "/a",
    "a/",
    "a.lock",
    "a\\b",
    "\x7f",
    "a\u009B2J",
  ];
  for (const name of bad) assert.equal(isBranchName(name), false, JSON.stringify(name));
});

test("a revision is the commit, marked where the directory differs from it", async () => {
  using one = shop();
  const commit = git(one.root, "rev-parse", "HEAD");
  const directory = join(one.root, "cart");
  assert.equal(await revisionOf(directory), commit);
  write(one.root, { "elsewhere.txt": "another service's business" });
  assert.equal(await revisionOf(directory), commit);
  write(directory, { "app.txt": "changed" });
  assert.equal(await revisionOf(directory), `${commit}-dirty`);
});

test("without a repository the content is the revision", async () => {
  using home = temporary({ "a.txt": "one", "b/c.txt": "two" });
  const first = await revisionOf(home.path);
  assert.match(first, /^content-[0-9a-f]{12}$/);
  write(home.path, { "node_modules/x/y": "not ours" });
  assert.equal(await revisionOf(home.path), first);
  write(home.path, { "b/c.txt": "twO" });
  assert.notEqual(await revisionOf(home.path), first);
});

test("a preparation is repeated when the command or a lockfile changes, also one above", async () => {
  using home = temporary({
    "repo/.git/HEAD": "",
    "repo/cart/app.js": "",
    "above/package-lock.json": "",
  });
  const cart = join(home.path, "repo/cart");
  const hash = (): Promise<string> => preparationHash(cart, ["npm", "ci"]);
  const seen = [await hash(), await preparationHash(cart, ["npm", "i"])];
  write(cart, { "package-lock.json": "1" });
  seen.push(await hash());
  write(cart, { "package-lock.json": "2" });
  seen.push(await hash());
  write(home.path, { "repo/package-lock.json": "of the workspace" });
  seen.push(await hash());
  assert.equal(new Set(seen).size, 5);
  write(home.path, {
    "package-lock.json": "outside of the repository",
    "repo/cart/app.js": "changed",
  });
  assert.equal(await hash(), seen.at(-1));
  assert.ok(existsSync(cart) && readdirSync(cart).length > 0);
});

test("an envFile gives variables, and no name that a shell would run", async () => {
  using home = temporary({
    "copy/.env": "A=copy\nPORT=1\nCOCKTAIL_TOKEN=x\n",
    "own/.env": "A=own\n",
  });
  const [own, copy] = [join(home.path, "own"), join(home.path, "copy")];
  assert.deepEqual(await readEnvFiles([".env"], [own, copy]), [{ A: "own" }]);
  assert.deepEqual(await readEnvFiles([".env"], [join(home.path, "none"), copy]), [{ A: "copy" }]);
  await assert.rejects(readEnvFiles([".env.x"], [own]), /envFile \.env\.x is not there: looked in/);
  write(own, { ".env": "A;touch${IFS}x=1\n" });
  await assert.rejects(readEnvFiles([".env"], [own]), /a name that no variable can have/);
});

test("an envFile that is refused is not quoted: its lines may be of a secret", async () => {
  using home = temporary({ ".env": "KEY=-----BEGIN PRIVATE KEY-----\nMIIEvQ+secret/Ag==\n" });
  const refused = readEnvFiles([".env"], [home.path]);
  await assert.rejects(refused, ({ message }: Error) => {
    assert.match(message, /envFile \.env has a name .*a value of several lines needs quotes/);
    assert.doesNotMatch(message, /secret/);
    return true;
  });
});

test("a file of a branch that never ends is not read, and said", async () => {
  using home = temporary({ "cart/app.js": "" });
  const cart = join(home.path, "cart");
  const lockfile = join(cart, "package-lock.json");
  const hash = (): Promise<string> => preparationHash(cart, ["npm", "ci"]);
  for (const make of [
    () => symlinkSync("/dev/zero", lockfile),
    () => execFileSync("mkfifo", [lockfile]),
    () => mkdirSync(lockfile),
  ]) {
    make();
    await assert.rejects(hash(), /package-lock\.json is not a regular file, so it is not read/);
    rmSync(lockfile, { recursive: true });
  }
  write(cart, { "package-lock.json": "large" });
  truncateSync(lockfile, 2 ** 31);
  await assert.rejects(hash(), /has 2147483648 bytes, more than the 67108864 that are read/);
  rmSync(lockfile);
  symlinkSync("app.js", lockfile);
  assert.match(await hash(), /^[0-9a-f]{32}$/, "a link to an ordinary file is one");
  assert.match(
    await revisionOf("/proc/self"),
    /^content-/,
    "whose files have no sizes, and no ends",
  );
});
