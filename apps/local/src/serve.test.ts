import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startPostgres } from "@cocktail/embedded-postgres";
import { readRunFile } from "@cocktail/local-state";
import { until } from "@cocktail/test-support";
import { findMarked } from "./processes/process-list.ts";
import { type LocalCocktail, openLocal, startLocal } from "./testing/cocktail-local.ts";
import { files, pair, service } from "./testing/pair.ts";
import { git, temporary, write } from "./testing/temporary.ts";

const pinned = { "x-service-route": "back:mp-1" };

async function deployBack(local: LocalCocktail, directory: string): Promise<void> {
  const source = { kind: "directory", path: join(directory, "back") } as const;
  await local.api.deploy({ service: "back", key: "mp-1", source });
  await local.ready("back", "mp-1");
}

describe("cocktail-local", () => {
  test("serves the file's services by host, publishes its addresses, and leaves nothing after Ctrl-C", async () => {
    using home = temporary(files);
    await using local = await pair(home.path);
    const answer = await local.get("front.localhost");
    assert.equal(answer.served, "front:stable");
    assert.match(answer.body, /^front:stable \d+ <- back:stable \d+$/);
    assert.equal((await local.get("back.localhost")).status, 404, "no entry");
    const state = join(home.path, ".cocktail");
    assert.equal(statSync(join(state, "run.json")).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(state, ".gitignore"), "utf8"), "*\n");
    assert.equal(await local.stop("SIGINT"), 130);
    assert.equal(existsSync(join(state, "run.json")) || existsSync(join(state, "lock")), false);
    assert.deepEqual(readdirSync(join(state, "processes")), []);
    assert.deepEqual(await findMarked(local.run.runId), []);
    for (const url of [local.run.api ?? "", local.run.edge ?? ""])
      assert.equal(await listens(url), false, url);
  });

  test("a second one for the same file exits 4 and names the first; the first goes on", async () => {
    using home = temporary(files);
    await using local = await openLocal(home.path);
    const second = startLocal(home.path, ["--port", "0"]);
    assert.equal(await second.exited, 4);
    assert.match(second.stderr(), new RegExp(`process ${local.run.pid} at http`));
    assert.equal(readRunFile(join(home.path, ".cocktail/run.json"))?.pid, local.run.pid);
    await local.ready("front", "stable");
  });

  test("a port in use: exit 1, a fix, and nothing left behind", async () => {
    using home = temporary(files);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    assert.ok(typeof address === "object" && address !== null);
    const local = startLocal(home.path, ["--port", String(address.port)]);
    assert.equal(await local.exited, 1);
    assert.match(local.stderr(), /is taken by another process\nFix: choose another one: --port/);
    assert.equal(existsSync(join(home.path, ".cocktail/run.json")), false);
    taken.close();
  });

  test("kill -9 of a branch's process: 503 that names it, stable unaffected, restarted", async () => {
    using home = temporary(files);
    await using local = await pair(home.path);
    await deployBack(local, home.path);
    const before = await local.get("front.localhost", pinned);
    assert.match(before.body, /<- back:mp-1 \d+$/);
    const pid = Number(/back:mp-1 (\d+)/.exec(before.body)?.[1]);
    process.kill(pid, "SIGKILL");
    const after = await until("the branch to be back", async () => {
      const stable = await local.get("front.localhost");
      assert.match(stable.body, /<- back:stable \d+$/, "stable is unharmed");
      const answer = await local.get("front.localhost", pinned);
      if (!answer.body.includes("back:mp-1 "))
        assert.match(answer.body, /back:mp-1/, "named, and never stable");
      return /back:mp-1 \d+$/.test(answer.body) && !answer.body.includes(String(pid)) && answer;
    });
    assert.equal(after.status, 200);
  });

  test("kill -9 of Postgres: traffic goes on, changes are possible again within seconds", async () => {
    using home = temporary(files);
    await using local = await pair(home.path);
    const pidFile = join(home.path, ".cocktail/pg/data/postmaster.pid");
    const pid = Number(readFileSync(pidFile, "utf8").split("\n")[0]);
    process.kill(pid, "SIGKILL");
    await until("a change to be accepted", async () => {
      assert.equal((await local.get("front.localhost")).status, 200);
      return await local.api.applyEnvironment("squad", {}).then(
        () => true,
        (error: unknown) => {
          assert.ok(
            error instanceof Error && /503|STORE_UNAVAILABLE|store/i.test(error.message),
            String(error),
          );
          return false;
        },
      );
    });
    assert.notEqual(Number(readFileSync(pidFile, "utf8").split("\n")[0]), pid);
  });

  test("kill -9 of the main process: the next start ends the leftovers, restores, and reports both", async () => {
    using home = temporary(files);
    const killed = await pair(home.path);
    await deployBack(killed, home.path);
    await killed.api.createEnvironment({ name: "squad", members: { back: "mp-1" } });
    killed.child.kill("SIGKILL");
    await killed.exited.catch(() => undefined);
    assert.notDeepEqual(await findMarked(killed.run.runId), [], "the services outlive it");
    await using local = await pair(home.path);
    assert.deepEqual(await findMarked(killed.run.runId), [], "their leftovers are ended");
    const recovered = local.run.recovered.join("\n");
    assert.match(recovered, /ended back:mp-1#1/);
    assert.match(recovered, /restored .*back:mp-1/);
    assert.match(recovered, /restored .*squad/);
    await local.ready("back", "mp-1");
    const answer = await local.get("front.localhost", { "x-source-route": "squad" });
    assert.match(answer.body, /<- back:mp-1 \d+$/);
  });

  test("an ordinary stop keeps branches for the next start, at the same epoch or later", async () => {
    using home = temporary(files);
    const first = await pair(home.path);
    await deployBack(first, home.path);
    const { epoch } = await first.api.routeTable();
    assert.equal(await first.stop(), 0);
    await using second = await pair(home.path);
    await second.ready("back", "mp-1");
    assert.ok((await second.api.routeTable()).epoch > epoch);
    assert.match((await second.get("front.localhost", pinned)).body, /<- back:mp-1/);
  });

  test("a git branch by name, and its worktree goes with it", async () => {
    using home = temporary(files);
    git(home.path, "init", "-q");
    git(home.path, "add", ".");
    git(home.path, "commit", "-qm", "one");
    git(home.path, "checkout", "-qb", "feature/mp-1-words");
    write(home.path, { "back/app.cjs": service.replace("const me = ", 'const me = "branch " + ') });
    git(home.path, "commit", "-qam", "two");
    git(home.path, "checkout", "-q", "main");
    await using local = await pair(home.path);
    const branch = "feature/mp-1-words";
    const result = await local.api.deploy({
      service: "back",
      branch,
      source: { kind: "branch", branch },
    });
    assert.equal(result.variant.key, "mp-1");
    await local.ready("back", "mp-1");
    assert.match((await local.get("front.localhost", pinned)).body, /<- branch back:mp-1/);
    assert.equal(git(home.path, "worktree", "list").split("\n").length, 2);
    await local.api.deleteVariant("back", "mp-1");
    await until(
      "the worktree to go",
      () => git(home.path, "worktree", "list").split("\n").length === 1,
    );
    assert.deepEqual(readdirSync(join(home.path, ".cocktail/worktrees")), []);
    assert.match((await local.get("front.localhost", pinned)).body, /<- back:stable/);
  });

  test("requests in flight during a stop are answered", async () => {
    using home = temporary(files);
    await using local = await pair(home.path);
    const slow = local.get("front.localhost", {}, "/slow");
    await until("the slow request to arrive", async () => {
      return (await local.get("front.localhost", {}, "/in-flight")).body === "1";
    });
    assert.equal(await local.stop(), 0);
    assert.match((await slow).body, /^front:stable/);
  });

  test("a second signal doesn't wait for a service that won't end", async () => {
    const ignoring = `process.on("SIGTERM", () => {});\n${service.replace(/process\.on\("SIGTERM".*/, "")}`;
    using home = temporary({ ...files, "front/app.cjs": ignoring });
    await using local = await pair(home.path);
    local.child.kill("SIGTERM");
    await until("it to begin", () => local.stderr().includes("stopping"));
    local.child.kill("SIGTERM");
    // Left alone, the service would have 10 s.
    await until("it to end without the service's grace", () => local.child.exitCode === 0, {
      ms: 8_000,
    });
  });

  test("when run.json can't be written, everything is stopped again", async () => {
    using home = temporary(files);
    const local = startLocal(home.path, ["--port", "0"]);
    const file = join(home.path, ".cocktail/run.json");
    const { runId } = await until("run.json", () => readRunFile(file));
    // As good as a full disk: it can't be replaced any more.
    rmSync(file);
    write(file, { "in-the-way": "" });
    assert.equal(await local.exited, 1, local.stderr());
    assert.match(local.stderr(), /the state directory can't be used: .*\nFix: /);
    assert.deepEqual(await findMarked(runId), []);
  });

  test("with COCKTAIL_DATABASE_URL no Postgres of its own is started, and each directory has a schema of its own", async () => {
    using home = temporary(files);
    using data = temporary();
    await using postgres = await startPostgres({ directory: join(data.path, "pg") });
    await using local = await openLocal(home.path, { COCKTAIL_DATABASE_URL: postgres.url });
    await local.ready("front", "stable");
    assert.equal(existsSync(join(home.path, ".cocktail/pg")), false);
    // The same cocktail.yaml, as in a colleague's clone.
    using other = temporary(files);
    await using theirs = await openLocal(other.path, { COCKTAIL_DATABASE_URL: postgres.url });
    await theirs.ready("front", "stable");
    const schemaOf = (path: string): string => readFileSync(join(path, ".cocktail/schema"), "utf8");
    assert.match(schemaOf(home.path), /^cocktail_[a-z0-9_]+_[0-9a-f]{8}\n$/);
    assert.notEqual(schemaOf(home.path), schemaOf(other.path));
  });

  test("DATABASE_URL is the application's, and a database that is no longer named is not taken for lost", async () => {
    using home = temporary(files);
    write(home.path, { ".cocktail/schema": "cocktail_shop_00000000\n" });
    const local = startLocal(home.path, ["--port", "0"], { DATABASE_URL: "mysql://db/app" });
    assert.equal(await local.exited, 1);
    assert.match(
      local.stderr(),
      /is in schema cocktail_shop_00000000 of a database .*\nFix: set COCKTAIL_DATABASE_URL/,
    );
    rmSync(join(home.path, ".cocktail/schema"));
    await using again = await openLocal(home.path, { DATABASE_URL: "mysql://db/app" });
    await again.ready("front", "stable");
    assert.ok(existsSync(join(home.path, ".cocktail/pg")));
  });

  test("an unreachable COCKTAIL_DATABASE_URL: exit 1, a fix, and nothing left behind", async () => {
    using home = temporary(files);
    const url = "postgresql://nobody:secret@127.0.0.1:1/none";
    const local = startLocal(home.path, ["--port", "0"], { COCKTAIL_DATABASE_URL: url });
    assert.equal(await local.exited, 1);
    assert.match(
      local.stderr(),
      /the database can't be used: .*\nFix: start it, or fix COCKTAIL_DATABASE_URL/,
    );
    assert.doesNotMatch(local.stderr(), /secret/);
    assert.equal(existsSync(join(home.path, ".cocktail/run.json")), false);
  });
});

function listens(url: string): Promise<boolean> {
  const { port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
