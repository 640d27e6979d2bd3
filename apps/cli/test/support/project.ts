import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

export const bin = join(import.meta.dirname, "../../bin/cocktail.js");

const server = `import { createServer } from "node:http";
import { readFileSync } from "node:fs";
const { PORT, HOST, COCKTAIL_SERVICE, COCKTAIL_VARIANT, BACK_URL } = process.env;
const text = readFileSync(new URL("text", import.meta.url), "utf8").trim();
if (text === "broken") { console.error("cannot start: the text is broken"); process.exit(1); }
const carried = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.includes("route") || name === "baggage"));
createServer(async (request, response) => {
  console.log(request.method + " " + request.url);
  let behind = "";
  if (COCKTAIL_SERVICE === "front") {
    const headers = request.url === "/lost" ? {} : carried(request.headers);
    const answer = await fetch(BACK_URL, { headers });
    const trace = answer.headers.get("x-route-trace");
    if (trace !== null) response.setHeader("x-route-trace", trace);
    behind = " > " + (await answer.text());
  }
  response.end(COCKTAIL_SERVICE + ":" + COCKTAIL_VARIANT + " " + text + behind);
}).listen(PORT, HOST, () => console.log("ready"));
`;

const file = `apiVersion: cocktail.dev/v1alpha1
kind: Cocktail
metadata: {name: test}
services:
- {name: front, path: ./front, command: [node, server.mjs], entry: true}
- {name: back, path: ./back, command: [node, server.mjs]}
`;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory with a cocktail of two services that are a git repository, and the real command to drive it. */
export interface Project extends AsyncDisposable {
  readonly directory: string;
  readonly cocktail: (...argv: readonly string[]) => Promise<Ended>;
  /** Like `cocktail`, but returns stdout, and throws with all output if the exit code is not 0. */
  readonly ok: (...argv: readonly string[]) => Promise<string>;
  readonly git: (...argv: readonly string[]) => string;
  /** Commits another text of a service on a branch, and switches back to main. */
  readonly commitOnBranch: (branch: string, service: string, text: string) => Promise<void>;
  readonly run: () => Promise<{
    readonly pid: number;
    readonly runId: string;
    readonly edge: string;
  }>;
  readonly env: NodeJS.ProcessEnv;
}

export async function makeProject(): Promise<Project> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "cocktail-cli-")));
  for (const service of ["front", "back"]) {
    await mkdir(join(directory, service));
    await writeFile(join(directory, service, "server.mjs"), server);
    await writeFile(join(directory, service, "text"), "one\n");
  }
  await writeFile(join(directory, "cocktail.yaml"), file);
  const env = environment();
  const git = (...argv: readonly string[]): string =>
    execFileSync("git", argv, {
      cwd: directory,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  git("init", "--quiet", "--initial-branch", "main");
  git("add", ".");
  git("commit", "--quiet", "-m", "one");
  const cocktail = (...argv: readonly string[]): Promise<Ended> => runBin(argv, directory, env);
  return {
    directory,
    env,
    cocktail,
    git,
    ok: async (...argv) => {
      const { code, stdout, stderr } = await cocktail(...argv);
      if (code === 0) return stdout;
      throw new Error(`cocktail ${argv.join(" ")} exited ${code}\n${stderr}${stdout}`);
    },
    commitOnBranch: async (branch, service, text) => {
      const exists = git("branch", "--list", branch).trim() !== "";
      git("switch", "--quiet", ...(exists ? [branch] : ["-c", branch]));
      await writeFile(join(directory, service, "text"), `${text}\n`);
      git("commit", "--quiet", "-am", text);
      git("switch", "--quiet", "main");
    },
    run: async () => {
      const value: unknown = JSON.parse(
        await readFile(join(directory, ".cocktail/run.json"), "utf8"),
      );
      const member = (name: string): unknown => memberOf(value, name);
      return {
        pid: Number(member("pid")),
        runId: String(member("runId")),
        edge: String(member("edge")),
      };
    },
    [Symbol.asyncDispose]: async () => {
      await cocktail("down", "--purge");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function runBin(
  argv: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Ended> {
  return await runScript([bin, ...argv], cwd, env);
}

/** Runs a script of the clone. */
export async function runScript(
  words: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@cocktail/source", ...words], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number>((settle) =>
    child.once("close", (status) => settle(status ?? -1)),
  );
  return { code, stdout, stderr };
}

/** The services run with the Node of the test; git requires a user name. */
export function environment(): NodeJS.ProcessEnv {
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  const who = {
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@example.com",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@example.com",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  return { ...process.env, ...who, PATH: path, NO_COLOR: "1" };
}

/** A member of a JSON object; throws if the value is not an object. */
export function memberOf(value: unknown, name: string): unknown {
  assert.ok(typeof value === "object" && value !== null && name in value, `no ${name}`);
  return Reflect.get(value, name);
}

/** Pids of the processes that carry this run's id, on Linux; elsewhere from `ps`. */
export function processesOf(runId: string): readonly string[] {
  const mark = `COCKTAIL_RUN_ID=${runId}`;
  if (process.platform !== "linux") {
    const all = execFileSync("ps", ["-A", "-E", "-o", "pid=,command="], { encoding: "utf8" });
    return all.split("\n").filter((line) => line.includes(mark));
  }
  return readdirSync("/proc").filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark)
      );
    } catch {
      return false; // exited in the meantime
    }
  });
}
