import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Variant } from "@cocktail/client";
import { until } from "@cocktail/test-support";
import { bin, makeProject, memberOf, processesOf } from "./support/project.ts";

describe("the command and a real cocktail", { timeout: 280_000 }, () => {
  it("deploys, redeploys, traces and destroys branches of a repository", async () => {
    await using project = await makeProject();
    const { ok, cocktail } = project;
    await project.commitOnBranch("feature/mp-101-two", "back", "two");
    const up = await ok("up", "--detach", "--port", "0");
    assert.match(up, /front +ready +Serving +- +http:\/\/front\.localhost:\d+/);
    const second = await cocktail("up", "--detach");
    assert.equal(second.code, 4, second.stderr);

    assert.match(
      await ok("branch", "deploy", "back", "--branch", "feature/mp-101-two"),
      /^variant\/back:mp-101 created\n/,
    );
    assert.equal(await ok("env", "curl", "mp-101"), "front:stable one > back:mp-101 two");
    const again = await ok("branch", "deploy", "back", "--branch", "feature/mp-101-two");
    assert.match(again, /^variant\/back:mp-101 (unchanged|updated)\n/);
    await project.commitOnBranch("feature/mp-101-two", "back", "three");
    assert.match(
      await ok("branch", "deploy", "back", "--branch", "feature/mp-101-two"),
      /^variant\/back:mp-101 updated\n/,
    );
    assert.equal(await ok("env", "curl", "mp-101"), "front:stable one > back:mp-101 three");

    const trace = await ok("route", "trace", "/", "--pins", "back:mp-101");
    assert.match(
      trace,
      /\nfront +front:stable +stable +\(edge\) .*\nback +back:mp-101 +pin +front:stable /,
    );
    assert.match(
      await ok("route", "trace", "/lost", "--pins", "back:mp-101"),
      /lost: front:stable called back without a route/,
    );
    assert.match(
      await ok("route", "resolve", "--pins", "back:mp-101", "back"),
      /back +back:mp-101 +pin /,
    );
    assert.match(await ok("logs", "back:mp-101"), /back:mp-101 +\| GET \/\n/);
    const conflict = await cocktail("branch", "deploy", "back", "--branch", "bugfix/mp-101-other");
    assert.notEqual(conflict.code, 0);

    const got: unknown = JSON.parse(await ok("branch", "get", "back:mp-101", "-o", "json"));
    const directory = String(memberOf(got, "directory"));
    await writeFile(join(directory, "notes"), "not committed");
    const refused = await cocktail("branch", "delete", "back:mp-101");
    assert.equal(refused.code, 6, refused.stderr);
    assert.match(refused.stderr, /--discard/);
    assert.equal(
      await ok("branch", "delete", "back:mp-101", "--discard"),
      "variant/back:mp-101 deleted\n",
    );
    assert.equal(existsSync(directory), false);
    assert.equal(
      await ok("branch", "delete", "back:mp-101"),
      "variant/back:mp-101 already absent\n",
    );
    assert.equal((await cocktail("branch", "get", "back:mp-101")).code, 3);
    assert.equal(project.git("worktree", "list").trim().split("\n").length, 1);
  });

  it("explains why a branch does not start, and leaves stable unchanged", async () => {
    await using project = await makeProject();
    await project.commitOnBranch("feature/mp-102-broken", "back", "broken");
    await project.ok("up", "--detach", "--port", "0");
    const { code, stderr, stdout } = await project.cocktail(
      "branch",
      "deploy",
      "back",
      "--branch",
      "feature/mp-102-broken",
    );
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^variant\/back:mp-102 created\n/);
    assert.match(stderr, /back:mp-102 \| cannot start: the text is broken/);
    assert.match(stderr, /\[VARIANT_FAILED\]\nfix: .*branch logs back:mp-102/);
    assert.match(await project.ok("env", "explain", "mp-102"), /is not ready/);
    assert.match(await project.ok("branch", "list"), /back:mp-102 +no /);
    await project.ok("env", "create", "qa", "--variant", "back:mp-999");
    assert.match(
      (await project.cocktail("doctor")).stdout,
      /! environments +not ready: qa: MemberMissing\n +fix: cocktail env explain qa\n/,
    );
    const missing = await project.cocktail(
      "branch",
      "deploy",
      "back",
      "--branch",
      "no/such-branch",
    );
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /no\/such-branch/);
    const unknown = await project.cocktail(
      "branch",
      "deploy",
      "nobody",
      "--key",
      "mp-1",
      "--path",
      ".",
    );
    assert.notEqual(unknown.code, 0);
  });

  it("shows everywhere what a failing variant printed last, and restarts it", async () => {
    await using project = await makeProject();
    const text = join(project.directory, "back/text");
    await project.ok("up", "--detach", "--port", "0");
    await writeFile(text, "broken\n");
    const { incarnations } = JSON.parse(
      await project.ok("branch", "get", "back:stable", "-o", "json"),
    ) as Variant;
    const { pid } = incarnations.at(-1) ?? {};
    assert.ok(pid !== undefined, "it runs");
    process.kill(pid, "SIGKILL");
    await until("the crash loop to be shown", async () => {
      return /^back +not ready +CrashLoop/m.test(await project.ok("status"));
    });
    const said =
      /back:stable printed last:\n {2}cannot start: the text is broken\n {2}more: cocktail logs back:stable; when it is fixed: cocktail restart back:stable\n/;
    assert.match(await project.ok("status"), said);
    assert.match(await project.ok("branch", "get", "back:stable"), said);
    const doctor = (await project.cocktail("doctor")).stdout;
    assert.match(
      doctor,
      /! variants +not ready: back:stable: CrashLoop\n +fix: .*; when it is fixed: cocktail restart back:stable\n/,
    );
    assert.match(doctor, /back:stable \| cannot start: the text is broken\n/);
    await project.ok("down");
    const up = await project.cocktail("up", "--detach", "--port", "0");
    assert.equal(up.code, 1, up.stderr);
    assert.match(up.stdout, said);
    assert.match(
      up.stderr,
      /fix: .* cocktail logs back:stable; when it is fixed: cocktail restart back:stable\n/,
    );
    await writeFile(text, "mended\n");
    await project.ok("restart", "back");
    assert.match(await project.ok("status"), /^back +ready +Serving/m);
    assert.doesNotMatch(await project.ok("status"), /printed last/);
  });

  it("runs release candidates and environments from beginning to end", async () => {
    await using project = await makeProject();
    const { ok, cocktail } = project;
    await project.commitOnBranch("release/2", "back", "candidate");
    await ok("up", "--detach", "--port", "0");
    await ok("rc", "deploy", "back", "--branch", "release/2");
    assert.match(await ok("rc", "list"), /back:rc +yes /);
    assert.equal(await ok("env", "curl", "rc"), "front:stable one > back:rc candidate");
    await ok(
      "branch",
      "deploy",
      "front",
      "--key",
      "mp-7",
      "--path",
      "front",
      "--environment",
      "ops-7",
    );
    const applied = await ok(
      "env",
      "apply",
      "ops-7",
      "--parent",
      "rc",
      "--variant",
      "front:mp-7",
      "--ttl",
      "1h",
    );
    assert.match(applied, /^environment\/ops-7 updated\n[\s\S]*expires/);
    assert.match(
      await ok("env", "apply", "ops-7", "--parent", "rc", "--variant", "front:mp-7", "--dry-run"),
      /environment\/ops-7/,
    );
    assert.equal(await ok("env", "curl", "ops-7"), "front:mp-7 one > back:rc candidate");
    assert.match(await ok("env", "extend", "ops-7", "--by", "1h"), /updated/);
    assert.equal((await cocktail("env", "create", "ops-7")).code, 4);
    assert.equal((await cocktail("env", "create", "stable")).code, 6);
    assert.match(await ok("env", "url", "ops-7"), /^http:\/\/ops-7\.localhost:\d+\/?\n$/);

    assert.match(await ok("rc", "promote", "back", "--dry-run"), /nothing was changed/);
    await ok("rc", "promote", "back");
    assert.equal(await ok("route", "resolve", "back", "-o", "name"), "variant/back:stable\n");
    assert.match(await ok("status"), /back +promoted /);
    assert.match(await ok("rc", "list"), /no release candidates/);
    assert.match(await ok("rc", "abandon", "back"), /already absent/);
    assert.match(
      await ok("env", "delete", "ops-7"),
      /environment\/ops-7 deleted\nvariant\/front:mp-7 deleted with it\n/,
    );
    assert.match(await ok("branch", "list"), /no branches/);
  });

  it("restores after down, terminates the leftovers of a killed run, and purges everything", async () => {
    await using project = await makeProject();
    const { ok } = project;
    await project.commitOnBranch("feature/mp-101-two", "back", "two");
    await ok("up", "--detach", "--port", "0");
    await ok("branch", "deploy", "back", "--branch", "feature/mp-101-two");
    const first = await project.run();
    assert.match(await ok("down"), /^cocktail stopped/);
    assert.deepEqual(processesOf(first.runId), []);
    assert.match(await ok("down"), /^cocktail already absent {2}\S+cocktail\.yaml\n/);
    const restored = await ok("up", "--detach", "--port", "0");
    assert.match(restored, /back:mp-101/);
    assert.equal(await ok("env", "curl", "mp-101"), "front:stable one > back:mp-101 two");

    const { pid, runId } = await project.run();
    process.kill(pid, "SIGKILL");
    await until("the main process to be gone", () => (alive(pid) ? undefined : true));
    assert.match(
      (await project.cocktail("doctor")).stdout,
      /was killed; its services may still run/,
    );
    const status = await project.cocktail("status");
    assert.deepEqual([status.code, status.stderr.includes("[NOT_RUNNING]")], [1, true]);
    assert.match(await ok("down"), /terminated: /);
    assert.deepEqual(processesOf(runId), []);

    await ok("up", "--detach", "--port", "0");
    assert.match(await ok("down", "--purge"), /\.cocktail deleted\n$/);
    assert.equal(existsSync(join(project.directory, ".cocktail")), false);
    assert.equal(project.git("worktree", "list").trim().split("\n").length, 1);
    assert.equal(project.git("status", "--porcelain"), "");
  });

  it("up in the foreground reports the signal that terminated it after it was ready", async () => {
    await using project = await makeProject();
    const child = spawn(process.execPath, [bin, "up", "--port", "0"], {
      cwd: project.directory,
      env: project.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (more: string) => (stderr += more));
    await until("the cocktail to be up", () =>
      stderr.includes("Ctrl-C stops it") ? true : undefined,
    );
    process.kill((await project.run()).pid, "SIGKILL");
    // Its services keep the pipe open until they are terminated too.
    assert.equal(await new Promise((settle) => child.once("exit", settle)), 1);
    await project.ok("down");
    assert.match(stderr, /cocktail-local was terminated by SIGKILL {2}\[COCKTAIL_EXITED\]\nfix: /);
  });

  it("down leaves no process of a cocktail that somebody kills while it stops", async () => {
    await using project = await makeProject();
    await project.ok("up", "--detach", "--port", "0");
    const { pid, runId } = await project.run();
    process.kill(pid, "SIGSTOP"); // so that it doesn't stop by itself first
    const down = spawn(process.execPath, [bin, "down", "--purge"], {
      cwd: project.directory,
      env: project.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    down.stderr.setEncoding("utf8").on("data", (more: string) => (stderr += more));
    await until("down to wait", () => stderr.includes("finishing requests in flight"));
    process.kill(pid, "SIGKILL");
    assert.equal(await new Promise((settle) => down.once("exit", settle)), 0, stderr);
    assert.deepEqual(processesOf(runId), []);
    assert.equal(existsSync(join(project.directory, ".cocktail")), false);
  });

  it("down stops a cocktail that is still starting", async () => {
    await using project = await makeProject();
    const begun = await project.ok("up", "--detach", "--no-wait", "--port", "0");
    assert.match(begun, /^cocktail is starting {2}process \d+\n[\s\S]*cocktail\.log\n/);
    const pid = Number(/process (\d+)/.exec(begun)?.[1]);
    assert.match(await project.ok("down", "--purge"), /\.cocktail deleted\n$/);
    await until("the main process to be gone", () => (alive(pid) ? undefined : true));
    assert.equal(existsSync(join(project.directory, ".cocktail")), false);
  });

  it("refuses an invalid file and a port in use with the process's own message", async () => {
    await using project = await makeProject();
    const path = join(project.directory, "cocktail.yaml");
    const good = await readFile(path, "utf8");
    await writeFile(path, good.replace("entry: true", "entri: true"));
    const wrong = await project.cocktail("up", "--detach");
    assert.equal(wrong.code, 2, wrong.stderr);
    assert.match(wrong.stderr, /cocktail\.yaml:5:\d+: .*entri.*did you mean entry/);
    await writeFile(path, good);
    const holder = createServer();
    await new Promise<void>((settle) => holder.listen(0, "127.0.0.1", settle));
    const address = holder.address();
    assert.ok(typeof address === "object" && address !== null);
    const taken = await project.cocktail("up", "--detach", "--port", String(address.port));
    holder.close();
    assert.equal(taken.code, 1, taken.stderr);
    assert.match(taken.stderr, new RegExp(`${address.port}[\\s\\S]*--port`));
  });

  it("--watch prints each change, also after a restart, and ends at Ctrl-C", async () => {
    await using project = await makeProject();
    await project.ok("up", "--detach", "--port", "0");
    const watch = (...argv: readonly string[]) => {
      const child = spawn(process.execPath, [bin, ...argv, "--watch"], {
        cwd: project.directory,
        env: project.env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const seen = { child, text: "" };
      child.stdout.setEncoding("utf8").on("data", (more: string) => (seen.text += more));
      return seen;
    };
    const table = watch("branch", "list");
    const json = watch("env", "get", "mp-1", "-o", "json");
    const toSay = (seen: { readonly text: string }, what: RegExp): Promise<boolean> =>
      until(`${String(what)} to be printed`, () => what.test(seen.text) || undefined);
    await toSay(table, /^no branches; /);
    await project.ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back");
    await toSay(
      table,
      /\nVARIANT +READY [^\n]*\n(?:back:mp-1 +(?:no|unknown) [^\n]*\n)+back:mp-1 +yes +Serving /,
    );
    await project.ok("branch", "delete", "back:mp-1");
    await toSay(table, /\nback:mp-1 {2}deleted\n/);
    await project.ok("down");
    await project.ok("up", "--detach", "--port", "0");
    await project.ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back");
    await toSay(table, /deleted\n[^]*back:mp-1 +yes +Serving /);
    await toSay(json, /"change":"removed","name":"mp-1"\}\n[^]*"reason":"LayerPublished"/);
    for (const line of json.text.trimEnd().split("\n")) JSON.parse(line);
    for (const { child } of [table, json]) {
      child.kill("SIGINT");
      assert.equal(await new Promise((settle) => child.once("close", settle)), 130);
    }
    await project.ok("down");
    const absent = await project.cocktail("branch", "list", "--watch");
    assert.match(absent.stderr, /is not running {2}\[NOT_RUNNING\]/);
    const wrong = await project.cocktail("branch", "list", "--watch", "-o", "yaml");
    assert.equal(wrong.code, 2, wrong.stderr);
  });

  it("up in the foreground prints the logs, and Ctrl-C stops everything with exit code 130", async () => {
    await using project = await makeProject();
    const child = spawn(process.execPath, [bin, "up", "--port", "0"], {
      cwd: project.directory,
      env: project.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
    child.stderr.setEncoding("utf8").on("data", (more: string) => (text += more));
    await until("the cocktail to be up", () =>
      text.includes("Ctrl-C stops it") ? true : undefined,
    );
    assert.match(text, /back:stable +\| ready/);
    const { runId } = await project.run();
    assert.notDeepEqual(processesOf(runId), []);
    const follower = spawn(process.execPath, [bin, "logs", "-f"], {
      cwd: project.directory,
      env: project.env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let followed = "";
    follower.stdout.setEncoding("utf8").on("data", (more: string) => (followed += more));
    await project.ok("route", "trace", "/seen");
    await until("the follower to see a request", () =>
      followed.includes("front:stable | GET /seen") ? true : undefined,
    );
    follower.kill("SIGINT");
    assert.equal(await new Promise((settle) => follower.once("close", settle)), 130);
    child.kill("SIGINT");
    assert.equal(await new Promise((settle) => child.once("close", settle)), 130, text);
    assert.deepEqual(processesOf(runId), []);
    assert.equal(existsSync(join(project.directory, ".cocktail/run.json")), false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
