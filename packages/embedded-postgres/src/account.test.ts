import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type AccountFacts, accountCandidates, chooseAccount, gatherFacts } from "./account.ts";
import { type Binaries, findBinaries, makeLinks, parseLinks } from "./binaries.ts";
import { prepareCluster } from "./cluster.ts";
import { PostgresError } from "./errors.ts";

const nobody = { uid: 65534, gid: 65534 };
const facts: AccountFacts = { uid: 1000, gid: 1000, named: true, platform: "linux", nobody };
const kinds = (change: Partial<AccountFacts>): readonly string[] =>
  accountCandidates({ ...facts, ...change }).map((account) => account.kind);

describe("who may run Postgres", () => {
  test("an ordinary user does it", () => assert.deepEqual(kinds({}), ["own"]));
  test("root never does it as root", () => {
    assert.deepEqual(kinds({ uid: 0 }), ["userNamespace", "capability", "nobody"]);
    assert.deepEqual(kinds({ uid: 0, platform: "darwin" }), ["nobody"]);
    assert.deepEqual(kinds({ uid: 0, nobody: undefined }), []);
  });
  test("a uid without a name has only the user namespace", () => {
    assert.deepEqual(kinds({ named: false }), ["userNamespace"]);
    assert.deepEqual(kinds({ named: false, platform: "darwin" }), []);
  });
});

describe("accounts, really tried", { skip: process.getuid?.() !== 0 && "needs root" }, () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "cocktail-account-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** A data directory made by one kind of account, in a home that is open or closed to others. */
  const initialise = (kind: string, binaries: Binaries): string => {
    const candidates = accountCandidates(gatherFacts()).filter((account) => account.kind === kind);
    const directory = join(home, "pg");
    const chosen = chooseAccount(directory, binaries, candidates);
    return prepareCluster(directory, chosen.binaries, chosen.account).data;
  };

  test("a user namespace works in a home closed to others, and the files stay root's", (t) => {
    if (spawnSync("unshare", ["--user", "true"]).status !== 0)
      return t.skip("user namespaces are off");
    const data = initialise("userNamespace", findBinaries());
    assert.equal(statSync(join(data, "PG_VERSION")).uid, 0);
  });
  test("the capability passes a home closed to others", (t) => {
    if (spawnSync("setpriv", ["--version"]).status !== 0) return t.skip("no setpriv");
    const data = initialise("capability", findBinaries());
    assert.equal(statSync(join(data, "PG_VERSION")).uid, gatherFacts().nobody?.uid);
  });
  test("nobody works in a home that is open, with a copy of binaries that are not", () => {
    chmodSync(home, 0o755);
    const closed = join(home, "closed");
    mkdirSync(closed, { mode: 0o700 });
    const root = join(closed, "native");
    const installed = findBinaries();
    cpSync(installed.root, root, { recursive: true, verbatimSymlinks: true });
    const binaries = {
      ...installed,
      root,
      postgres: join(root, "bin/postgres"),
      initdb: join(root, "bin/initdb"),
    };
    const data = initialise("nobody", binaries);
    assert.equal(statSync(join(data, "PG_VERSION")).uid, gatherFacts().nobody?.uid);
    assert.ok(statSync(join(home, "pg/native/bin/postgres")).isFile());
  });
  test("an account that can't work is refused with a way out", () => {
    const refused = (): unknown => initialise("nobody", findBinaries());
    assert.throws(refused, (error: unknown) => {
      assert.ok(PostgresError.is(error));
      assert.equal(error.code, "NO_ACCOUNT");
      assert.match(error.message, /root/);
      assert.match(error.fix, /DATABASE_URL/);
      return true;
    });
  });
  test("a directory made as nobody is taken over by the user namespace", (t) => {
    if (spawnSync("unshare", ["--user", "true"]).status !== 0)
      return t.skip("user namespaces are off");
    chmodSync(home, 0o755);
    const data = initialise("capability", findBinaries());
    initialise("userNamespace", findBinaries());
    assert.equal(statSync(join(data, "PG_VERSION")).uid, 0);
  });
});

test("library links that the install script did not make are made", () => {
  const home = mkdtempSync(join(tmpdir(), "cocktail-links-"));
  try {
    const root = join(home, "native");
    cpSync(findBinaries().root, root, { recursive: true, verbatimSymlinks: true });
    const links = parseLinks(readFileSync(join(root, "pg-symlinks.json"), "utf8"));
    assert.ok(links.length > 0);
    for (const link of links) rmSync(join(home, link.target));
    const version = (): number | null => spawnSync(join(root, "bin/initdb"), ["--version"]).status;
    const postgres = (): number | null =>
      spawnSync(join(root, "bin/postgres"), ["--version"]).status;
    assert.notEqual(postgres(), 0);
    assert.equal(makeLinks(root), true);
    assert.equal(version(), 0);
    assert.equal(postgres(), 0);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
