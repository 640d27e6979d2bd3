import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { until } from "@cocktail/test-support";
import { findMarked } from "./processes/process-list.ts";
import { type LocalCocktail, startLocal } from "./testing/cocktail-local.ts";
import { files, pair, service } from "./testing/pair.ts";
import { git, temporary, write } from "./testing/temporary.ts";

type Home = ReturnType<typeof temporary>;

/** The pair as a repository of one commit. */
function repository(more: Readonly<Record<string, string>> = {}): Home {
  const home = temporary({ ...files, ".gitignore": ".cocktail\n", ...more });
  git(home.path, "init", "-q");
  git(home.path, "add", ".");
  git(home.path, "commit", "-qm", "one");
  return home;
}

describe("what a variant runs", () => {
  test("a deploy stays at its commit, over a restart and without its branch", async () => {
    using home = repository();
    git(home.path, "branch", "feature/mp-1");
    const commit = git(home.path, "rev-parse", "HEAD");
    const source = { kind: "branch", branch: "feature/mp-1" } as const;
    {
      await using local = await pair(home.path);
      await local.api.deploy({ service: "back", branch: source.branch, source });
      await local.ready("back", "mp-1");
    }
    git(home.path, "commit", "-q", "--allow-empty", "-m", "two");
    git(home.path, "branch", "-f", "feature/mp-1", "HEAD");
    {
      await using local = await pair(home.path);
      await local.ready("back", "mp-1");
      assert.equal((await local.api.variant("back", "mp-1")).revision, commit);
    }
    git(home.path, "branch", "-D", "feature/mp-1");
    await using local = await pair(home.path);
    await local.ready("back", "mp-1");
    assert.equal((await local.api.variant("back", "mp-1")).revision, commit);
    await assert.rejects(
      local.api.deploy({ service: "back", branch: source.branch, source }),
      /feature\/mp-1/,
    );
  });

  test("killed amid a checkout: git and its filters end with the next start, which makes it complete", async () => {
    using home = temporary({ ...files, ".gitignore": ".cocktail\n" });
    const begun = join(home.path, ".cocktail", "begun");
    git(home.path, "init", "-q");
    write(home.path, { ".gitattributes": "*.bin filter=slow\n", "back/a.bin": "large" });
    git(home.path, "add", ".");
    git(home.path, "commit", "-qm", "one");
    git(home.path, "branch", "feature/mp-1");
    git(home.path, "config", "filter.slow.smudge", `touch '${begun}'; exec sleep 300`);
    const local = await pair(home.path);
    const source = { kind: "branch", branch: "feature/mp-1" } as const;
    await local.api.deploy({ service: "back", branch: source.branch, source });
    await until("the filter to run", () => existsSync(begun));
    assert.equal(await local.stop("SIGKILL"), -1);
    const left = await findMarked(local.run.runId);
    assert.ok(left.length >= 2, "git and its filter run on");
    git(home.path, "config", "filter.slow.smudge", "cat");
    await using next = await pair(home.path);
    assert.deepEqual(await findMarked(local.run.runId), []);
    assert.match(next.run.recovered.join("\n"), /ended process \d+ of a run that was killed/);
    await next.ready("back", "mp-1");
    const { directory = "" } = await next.api.variant("back", "mp-1");
    assert.deepEqual(readdirSync(directory).toSorted(), ["a.bin", "app.cjs"]);
    assert.equal(git(home.path, "worktree", "list").split("\n").length, 2);
  });

  test("stable says that its working copy moved, before and after a crash and a restart, until it is restarted on purpose", async () => {
    using home = repository();
    git(home.path, "checkout", "-qb", "feature/x");
    write(home.path, { "front/app.cjs": service.replace("const me = ", 'const me = "moved " + ') });
    git(home.path, "commit", "-qam", "two");
    git(home.path, "checkout", "-q", "main");
    const said = async (local: LocalCocktail): Promise<string | undefined> => {
      const { conditions } = await local.api.variant("front", "stable");
      return conditions.find(({ reason }) => reason === "WorkingCopyMoved")?.message;
    };
    const saysSo = (local: LocalCocktail): Promise<string> =>
      until("the move to be said", async () => (await said(local)) ?? false);
    {
      await using local = await pair(home.path);
      assert.equal(await said(local), undefined);
      git(home.path, "checkout", "-q", "feature/x");
      assert.match(
        await saysSo(local),
        /front moved from main at [0-9a-f]{12} to feature\/x at [0-9a-f]{12}: stable runs/,
      );
      assert.match(local.stderr(), /front:stable#\d+: .*moved from main/);
      const before = (await local.get("front.localhost")).body;
      await local.get("front.localhost", {}, "/die").catch(() => undefined);
      await until("the crash to be over", async () => {
        const { body, status } = await local.get("front.localhost");
        return status === 200 && body !== before;
      });
      await until("the revision to be that of what runs", async () => {
        const { revision } = await local.api.variant("front", "stable");
        return revision === git(home.path, "rev-parse", "feature/x");
      });
      await saysSo(local);
    }
    await using local = await pair(home.path);
    await saysSo(local);
    await local.api.restart("front", "stable");
    await until("it to be accepted", async () => (await said(local)) === undefined);
    await local.ready("front", "stable");
    assert.match((await local.get("front.localhost")).body, /^moved front:stable/);
  });

  test("with ref stable runs at one commit, in a checkout of its own, until the file changes", async () => {
    const yaml = files["cocktail.yaml"].replace("{name: front,", "{name: front, ref: main,");
    using home = repository({ "cocktail.yaml": yaml });
    const commit = git(home.path, "rev-parse", "HEAD");
    {
      await using local = await pair(home.path);
      assert.equal((await local.api.variant("front", "stable")).revision, commit);
    }
    write(home.path, { "front/app.cjs": "process.exit(1)" });
    git(home.path, "commit", "-qam", "broken");
    {
      await using local = await pair(home.path);
      await local.get("front.localhost", {}, "/die").catch(() => undefined);
      await until("the crash to be over", async () => {
        return (await local.get("front.localhost")).status === 200;
      });
      assert.equal((await local.api.variant("front", "stable")).revision, commit);
    }
    write(home.path, {
      "front/app.cjs": service,
      "cocktail.yaml": yaml.replace("main,", "nowhere,"),
    });
    const refused = startLocal(home.path, ["--port", "0"]);
    assert.equal(await refused.exited, 2);
    assert.match(refused.stderr(), /ref of front: .* has no branch, tag or commit nowhere\nFix: /);
    git(home.path, "commit", "-qam", "mended");
    git(home.path, "tag", "v2");
    write(home.path, { "cocktail.yaml": yaml.replace("main,", "v2,") });
    await using local = await pair(home.path);
    const { revision } = await local.api.variant("front", "stable");
    assert.equal(revision, git(home.path, "rev-parse", "v2"));
  });

  test("checkouts of a branch and of stable's ref get the files that git ignores, before they are prepared", async () => {
    const prepare =
      "copyFiles: [.env.local, ./certs//dev.pem], prepare: [sh, -c, 'cat .env.local certs/dev.pem > prepared.log']";
    const yaml = files["cocktail.yaml"]
      .replace("{name: front,", `{name: front, ref: main, ${prepare},`)
      .replace("{name: back,", `{name: back, ${prepare},`);
    using home = repository({
      "cocktail.yaml": yaml,
      ".gitignore": ".cocktail\n.env*\ncerts/\n*.log\n",
    });
    git(home.path, "branch", "feature/mp-1");
    for (const name of ["front", "back"])
      write(home.path, { [`${name}/.env.local`]: `${name} `, [`${name}/certs/dev.pem`]: "pem" });
    await using local = await pair(home.path);
    const source = { kind: "branch", branch: "feature/mp-1" } as const;
    const deploy = async (): Promise<void> =>
      void (await local.api.deploy({ service: "back", branch: source.branch, source }));
    const prepared = async (service: string, key: string): Promise<string> => {
      const { directory = "" } = await local.api.variant(service, key);
      assert.match(directory, /\.cocktail\/worktrees\//);
      return readFileSync(join(directory, "prepared.log"), "utf8");
    };
    await deploy();
    await local.ready("back", "mp-1");
    assert.equal(await prepared("back", "mp-1"), "back pem");
    assert.equal(await prepared("front", "stable"), "front pem");

    rmSync(join(home.path, "back/certs"), { recursive: true });
    await deploy();
    await until("the missing file to be named", async () => {
      const { conditions } = await local.api.variant("back", "mp-1");
      return conditions.some(({ message }) =>
        /copyFiles certs\/dev\.pem is not in .*back: create it there/.test(message),
      );
    });
    const { body } = await local.get("front.localhost", { "x-service-route": "back:mp-1" });
    assert.match(body, /<- back:mp-1 /, "the incarnation before serves on");
    const { directory = "" } = await local.api.variant("back", "mp-1");
    await local.api.deleteVariant("back", "mp-1");
    await until("the checkout to go: nothing in it is work", () => !existsSync(directory));
  });

  test("a branch that is checked out with uncommitted edits is deployed with a warning that names them", async () => {
    using home = repository();
    git(home.path, "checkout", "-qb", "feature/mp-1");
    await using local = await pair(home.path);
    const source = { kind: "branch", branch: "feature/mp-1" } as const;
    const deploy = async (): Promise<readonly string[]> =>
      (await local.api.deploy({ service: "back", branch: source.branch, source })).warnings;
    assert.deepEqual(await deploy(), []);
    write(home.path, { "back/app.cjs": `${service}//`, "a b.txt": "", "c.txt": "", "d.txt": "" });
    const [warning = ""] = await deploy();
    assert.match(
      warning,
      /^uncommitted edits in .* are not deployed: back\/app\.cjs, a b\.txt, c\.txt and 1 more; commit them, or deploy the directory with --path$/,
    );
    git(home.path, "checkout", "-q", "-f", "main");
    assert.deepEqual(await deploy(), []);
  });
});
