import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { until } from "@cocktail/test-support";
import { bin, makeProject } from "./support/project.ts";

describe("the command, for services of one's own", { timeout: 280_000 }, () => {
  it("writes a file that starts, and replaces none", async () => {
    await using project = await makeProject();
    const { ok, cocktail, directory } = project;
    const file = join(directory, "cocktail.yaml");
    const exists = await cocktail("init");
    assert.equal(exists.code, 3, "nothing here says how it is started");
    for (const service of ["front", "back"]) {
      const scripts = { start: "node server.mjs" };
      await writeFile(join(directory, service, "package.json"), JSON.stringify({ scripts }));
    }
    await writeFile(join(directory, "back", "Procfile"), "web: node server.mjs\n");
    await writeFile(join(directory, "back", ".gitignore"), ".env*\n!.env.example\n");
    for (const name of [".env", ".env.local", ".env.example"])
      await writeFile(join(directory, "back", name), "A=b\n");
    const taken = await cocktail("init");
    assert.equal(taken.code, 4, taken.stderr);
    assert.match(
      await ok("init", "--print"),
      /- name: "front" +# from the script start of package\.json/,
    );
    assert.match(
      await ok("init", "--force"),
      /cocktail\.yaml written\n {2}back +from the line web: of Procfile/,
    );
    const written = await readFile(file, "utf8");
    assert.match(written, /command: \["sh","-c","node server\.mjs"\]/);
    assert.match(written, / {2}# copyFiles: \["\.env","\.env\.local"\] {3}# git ignores what/);
    assert.equal(written.match(/copyFiles/g)?.length, 1, "only where there is one");
    await ok("up", "--detach", "--port", "0");
    await until("the written services to answer", async () => {
      const { edge } = await project.run();
      const answer = await fetch(edge, { headers: { host: "localhost" } }).catch(() => undefined);
      return answer?.status === 200 && (await answer.text()) === "back:stable one";
    });
  });

  it("applies a changed file: adds, changes and removes services without touching the others", async () => {
    await using project = await makeProject();
    const { ok, cocktail, directory } = project;
    await ok("up", "--detach", "--port", "0");
    await ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back");
    const pids = async (): Promise<readonly (readonly [string, number | undefined])[]> => {
      const status = JSON.parse(await ok("status", "-o", "json")) as {
        readonly variants: readonly {
          readonly name: string;
          readonly incarnations: readonly { readonly pid?: number }[];
        }[];
      };
      return status.variants.map(({ name, incarnations }) => [name, incarnations[0]?.pid] as const);
    };
    const before = new Map(await pids());
    const file = join(directory, "cocktail.yaml");
    const text = await readFile(file, "utf8");
    assert.doesNotMatch(await ok("status"), /changed since it was applied/);
    await writeFile(file, text.replace("./back,", "./nowhere,"));
    assert.match(await ok("status"), /cocktail\.yaml changed since it was applied; cocktail apply/);
    const faulty = await cocktail("apply");
    assert.equal(faulty.code, 2, faulty.stderr);
    assert.match(faulty.stderr, /services\[1\]\.path: \.\/nowhere does not exist/);
    const renamed = text.replace("name: test", "name: other");
    await writeFile(file, renamed);
    assert.match((await cocktail("apply")).stderr, /metadata\.name can't change while/);

    await writeFile(file, text.replace("./back,", "./back, ref: nowhere,"));
    const missing = await cocktail("apply");
    assert.equal(missing.code, 2, missing.stderr);
    assert.match(missing.stderr, /ref of back: .* has no branch, tag or commit nowhere/);
    assert.match(await ok("status"), /changed since it was applied/, "nothing was applied");

    const third = "- {name: third, path: ./back, command: [node, server.mjs], entry: true}\n";
    await writeFile(file, `${text.replace("entry: true", "entry: true, env: {A: b}")}${third}`);
    const plan = "added    third\nchanged  front\n";
    assert.equal(await ok("apply", "--dry-run"), `${plan}nothing was changed\n`);
    assert.equal(await ok("apply"), plan);
    await until("the added service to answer", async () => {
      const { edge } = await project.run();
      const answer = await fetch(edge, { headers: { host: "third.localhost" } }).catch(
        () => undefined,
      );
      return answer?.status === 200;
    });
    await until("the changed one to be another process", async () => {
      const now = new Map(await pids());
      return now.get("front:stable") !== before.get("front:stable");
    });
    const after = new Map(await pids());
    for (const name of ["back:stable", "back:mp-1"])
      assert.equal(after.get(name), before.get(name));
    await writeFile(file, text);
    assert.equal(await ok("apply"), "changed  front\nremoved  third\n");
    assert.equal(await ok("apply"), "no service changed\n");
  });

  it("deploys a branch of every service that has it, as one environment", async () => {
    await using project = await makeProject();
    const { ok, cocktail } = project;
    await project.commitOnBranch("feature/mp-7-both", "back", "seven");
    await ok("up", "--detach", "--port", "0");
    const all = JSON.parse(
      await ok("branch", "deploy", "--branch", "feature/mp-7-both", "--all", "-o", "json"),
    ) as readonly { readonly variant: { readonly name: string } }[];
    assert.deepEqual(
      all.map(({ variant }) => variant.name),
      ["front:mp-7", "back:mp-7"],
    );
    assert.equal(await ok("env", "curl", "mp-7"), "front:mp-7 one > back:mp-7 seven");
    await ok("branch", "deploy", "back", "--key", "ci", "--path", "back", "--dotenv", "ci.env");
    assert.match(await readFile(join(project.directory, "ci.env"), "utf8"), /^COCKTAIL_NAME=/);
    const none = await cocktail("branch", "deploy", "--branch", "feature/nowhere", "--all");
    assert.equal(none.code, 3, none.stderr);
    assert.equal((await cocktail("branch", "deploy", "back", "--branch", "b", "--all")).code, 2);
    assert.equal((await cocktail("branch", "deploy", "--branch", "b")).code, 2);
  });

  it("runs a command as a variant, with its neighbours, its settings and its exit code", async () => {
    await using project = await makeProject();
    const { ok, cocktail, directory } = project;
    const yaml = join(directory, "cocktail.yaml");
    await writeFile(join(directory, "front/.env"), "FROM_FILE='of a file'\nBOTH=file\n");
    const settings =
      'path: ./front, envFile: .env, env: {BASE: "${BACK_URL}/v1", AT: "${HOST}:${PORT}", BOTH: file of yaml}';
    await writeFile(yaml, (await readFile(yaml, "utf8")).replace("path: ./front", settings));
    await ok("up", "--detach", "--port", "0");

    const variables = JSON.parse(await ok("branch", "env", "front:stable", "-o", "json")) as Record<
      string,
      string
    >;
    assert.match(variables["BACK_URL"] ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.partialDeepStrictEqual(variables, {
      COCKTAIL_SERVICE: "front",
      COCKTAIL_VARIANT: "stable",
      BASE: `${variables["BACK_URL"]}/v1`,
      FROM_FILE: "of a file",
      BOTH: "file of yaml",
    });
    assert.match(
      await ok("branch", "env", "front:stable", "-o", "shell"),
      /^export BACK_URL='http/m,
    );

    const attach = ["--key", "ide", "--url", "http://127.0.0.1:3999", "--no-wait"];
    await ok("branch", "deploy", "front", ...attach);
    assert.match(await ok("branch", "env", "front:ide"), /^HOST=127\.0\.0\.1\nPORT=3999$/m);

    const printer = ["node", "-p", "process.env.COCKTAIL_VARIANT + process.env.FROM_FILE"];
    assert.equal(
      await ok("exec", "front:stable", "--env-only", "--", ...printer),
      "stableof a file\n",
    );
    const failed = await cocktail(
      "exec",
      "front:stable",
      "--env-only",
      "--",
      "sh",
      "-c",
      "exit 42",
    );
    assert.equal(failed.code, 42);
    const taken = await cocktail("exec", "front:stable", "--", "true");
    assert.equal(taken.code, 2, taken.stderr);

    // The service itself, as somebody would start it: it reaches a service that is no entry, as its variant.
    const running = spawn(
      process.execPath,
      [bin, "exec", "front:mine", "--", "node", "front/server.mjs"],
      {
        cwd: directory,
        env: project.env,
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    const exited = new Promise<number | null>((resolve) => running.once("exit", resolve));
    let told = "";
    running.stderr.setEncoding("utf8").on("data", (text: string) => (told += text));
    await until("it to say that it is served", () => /served +front:mine gets/.test(told));
    await until("it to be reached", async () => {
      const { code, stdout } = await cocktail("env", "curl", "mine");
      return code === 0 && stdout === "front:mine one > back:stable one";
    });
    const again = await cocktail("exec", "front:mine", "--", "true");
    assert.equal(again.code, 4, "whose it is, is not asked: it is taken");
    running.kill("SIGTERM");
    assert.equal(await exited, 128 + 15);
    assert.equal((await cocktail("branch", "get", "front:mine")).code, 3);
    const port = ["node", "-p", "process.env.AT.split(':')[1] === process.env.PORT"];
    assert.equal(await ok("exec", "front:mine", "--", ...port), "true\n");

    // What somebody deploys in its place meanwhile is theirs; its exit code is the command's all the same.
    const script = `${bin} branch deploy front --key mine --path front; exit 7`;
    const command = ["sh", "-c", `"${process.execPath}" ${script}`];
    const lost = await cocktail("exec", "front:mine", "--", ...command);
    assert.equal(lost.code, 7, lost.stderr);
    assert.match(lost.stderr, /front:mine is somebody else's now, and stays/);
    assert.equal((await cocktail("branch", "get", "front:mine")).code, 0);
  });
});
