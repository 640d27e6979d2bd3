import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp, mkdir, rename, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { until } from "@cocktail/test-support";
import { bin, makeProject, type Project } from "./support/project.ts";

interface WatchProcess extends AsyncDisposable {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Its exit code, once it has exited. */
  readonly exited: () => Promise<number>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Waits until this many cycles, or this line, were printed on stderr. */
  readonly said: (what: RegExp, times?: number) => Promise<void>;
}

/** `branch deploy back --key mp-1 --path work --watch`, of a copy of back. */
async function watchBack(project: Project, ...more: readonly string[]): Promise<WatchProcess> {
  await cp(join(project.directory, "back"), join(project.directory, "work"), { recursive: true });
  const what = ["branch", "deploy", "back", "--key", "mp-1", "--path", "work", "--watch", ...more];
  const child = spawn(process.execPath, ["--conditions=@cocktail/source", bin, ...what], {
    cwd: project.directory,
    env: project.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => (printed[name] += text));
  const closed = new Promise((settle) => child.once("close", settle));
  return {
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    exited: async () => {
      await until("the watching to end", () => child.exitCode !== null, { seen: () => printed });
      await closed;
      return child.exitCode ?? -1;
    },
    kill: (signal) => void child.kill(signal),
    said: async (what, times = 1) => {
      await until(
        `${what} to be said ${times} times`,
        () => {
          if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}`);
          return printed.stderr.match(new RegExp(what, "gm"))?.length === times;
        },
        { ms: 60_000, seen: () => printed },
      );
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

const edit = async ({ directory }: Project, text: string): Promise<void> =>
  await writeFile(join(directory, "work/text"), `${text}\n`);

interface Asking extends AsyncDisposable {
  /** Ends it. Returns the answers that no version of the variant gave. */
  readonly failures: () => Promise<readonly string[]>;
}

function askAlways(edge: string): Asking {
  const failures: string[] = [];
  const stop = new AbortController();
  const asking = (async () => {
    while (!stop.signal.aborted) {
      const answer = await ask(edge);
      if (!answer.startsWith("200 front:stable one > back:mp-1 ")) failures.push(answer);
    }
  })();
  const end = async (): Promise<readonly string[]> => {
    stop.abort();
    await asking;
    return failures;
  };
  return { failures: end, [Symbol.asyncDispose]: async () => void (await end()) };
}

async function ask(edge: string): Promise<string> {
  const { port } = new URL(edge);
  const headers = { host: "front.localhost", "x-service-route": "back:mp-1" };
  return await new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.once("end", () => resolve(`${response.statusCode} ${body}`));
    });
    asked.once("error", (error) => resolve(error.message)).end();
  });
}

const answers = async (project: Project, text: string): Promise<void> => {
  const { edge } = await project.run();
  await until(
    `back:mp-1 to be ${text}`,
    async () => (await ask(edge)) === `200 front:stable one > back:mp-1 ${text}`,
  );
};

describe("branch deploy --watch", { timeout: 280_000 }, () => {
  it("redeploys after changes without downtime, and keeps what serves when a version fails", async () => {
    await using project = await makeProject();
    const { ok, directory } = project;
    await ok("up", "--detach", "--port", "0");
    await using watch = await watchBack(project);
    await watch.said(/^✓ watching .*work; Ctrl-C ends it$/);
    assert.match(watch.stdout(), /^variant\/back:mp-1 created\n/);
    await answers(project, "one");
    await using asking = askAlways((await project.run()).edge);

    await edit(project, "two");
    await watch.said(/^✓ redeploy +text: back:mp-1 serves its incarnation #\d+ \(/);
    await answers(project, "two");

    await edit(project, "broken");
    await watch.said(/^✗ redeploy +text: back:mp-1 .*exited with code 1.*; #\d+ serves on \(/);
    await watch.said(/^ {2}back:mp-1 \| cannot start: the text is broken$/);
    await answers(project, "two");

    await mkdir(join(directory, "work/node_modules/x"), { recursive: true });
    await writeFile(join(directory, "work/node_modules/x/index.js"), "");
    await writeFile(join(directory, "work/text~"), "a backup");
    await edit(project, "three");
    await watch.said(/^✓ redeploy +text: back:mp-1 serves its incarnation #\d+ \(/, 2);
    await answers(project, "three");
    assert.deepEqual(await asking.failures(), [], "every request was answered by a version of it");

    watch.kill("SIGINT");
    assert.equal(await watch.exited(), 130);
    assert.match(
      watch.stderr(),
      /✓ stopped +back:mp-1 stays; end it: cocktail branch delete back:mp-1\n$/,
    );
    assert.equal(watch.stderr().match(/redeploy/g)?.length, 3, watch.stderr());
    await answers(project, "three");
  });

  it("makes one more redeploy of changes that come during one, and doesn't wait for a version that hangs", async () => {
    await using project = await makeProject();
    const { directory } = project;
    await project.ok("up", "--detach", "--port", "0");
    await using watch = await watchBack(project, "-o", "json");
    const cycles = (): readonly Readonly<Record<string, unknown>>[] =>
      watch
        .stdout()
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const cycled = async (count: number): Promise<void> =>
      void (await until(`${count} cycles`, () => cycles().length === count, {
        ms: 60_000,
        seen: () => [watch.stdout(), watch.stderr()],
      }));
    await cycled(1);
    const server = join(directory, "work/server.mjs");
    await writeFile(server, "setInterval(() => {}, 1000); console.log('hangs');\n");
    await until("the hanging version to run", async () =>
      (await project.ok("logs", "back:mp-1")).includes("hangs"),
    );
    await edit(project, "two");
    await edit(project, "three");
    await cp(join(directory, "back/server.mjs"), server);
    await cycled(3);
    await answers(project, "three");
    const [first, hanging, last] = cycles();
    assert.deepEqual([first?.["changed"], first?.["waited"]], [[], "Ready"]);
    assert.deepEqual([hanging?.["changed"], hanging?.["waited"]], [["server.mjs"], "Superseded"]);
    assert.deepEqual([last?.["changed"], last?.["waited"]], [["server.mjs", "text"], "Ready"]);

    await rename(join(directory, "work"), join(directory, "away"));
    await cycled(4);
    const { error } = cycles()[3] ?? {};
    assert.match(JSON.stringify(error), /"code":"INVALID","message":".*work does not exist/);
    await answers(project, "three");
    await writeFile(join(directory, "away/text"), "four\n");
    await rename(join(directory, "away"), join(directory, "work"));
    await answers(project, "four");
    assert.equal(watch.stderr(), "");
    watch.kill("SIGTERM");
    assert.equal(await watch.exited(), 143);
  });

  it("goes on after a restart of the cocktail, and ends with the variant", async () => {
    await using project = await makeProject();
    const { ok } = project;
    await ok("up", "--detach", "--port", "0");
    await using watch = await watchBack(project);
    await watch.said(/^✓ watching /);
    await ok("down");
    await edit(project, "two");
    await watch.said(/^… redeploy +the cocktail of .* is not running; waiting until it is back$/);
    await ok("up", "--detach", "--port", "0");
    await watch.said(/^✓ redeploy +text: back:mp-1 serves /);
    await answers(project, "two");

    await ok("branch", "delete", "back:mp-1");
    await edit(project, "three");
    assert.equal(await watch.exited(), 3);
    assert.match(
      watch.stderr(),
      /back:mp-1 was ended meanwhile, so .*work is not watched any more/,
    );

    await using next = await watchBack(project);
    await next.said(/^✓ watching /);
    await ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back", "--replace");
    await edit(project, "four");
    assert.equal(await next.exited(), 4);
    assert.match(next.stderr(), /back:mp-1 was deployed from elsewhere meanwhile/);
    assert.equal((await project.cocktail("branch", "get", "back:mp-1")).code, 0);
  });
});
