import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { identify } from "@cocktail/local-state";
import { startFakeApi } from "../../test/support/fake-api.ts";
import { invoke } from "../../test/support/invoke.ts";
import { toFailure } from "../error-mapping.ts";
import { isRetryable, isTransient } from "./api-errors.ts";
import { connect } from "./connect.ts";
import { readState } from "./state-directory.ts";

const me = identify(process.pid) ?? assert.fail("this process is alive");
const run = {
  ...me,
  runId: "run-0001",
  name: "shop",
  version: "0.1.0",
  api: "http://127.0.0.1:4600",
  edge: "http://localhost:8080",
  token: "t",
  ready: true,
  startedAt: "2026-01-01T00:00:00.000Z",
  recovered: [],
};

async function workspace(t: TestContext): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "cocktail-cli-")));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

async function cocktailAt(directory: string, state?: object): Promise<void> {
  await mkdir(join(directory, ".cocktail"), { recursive: true });
  await writeFile(join(directory, "cocktail.yaml"), "");
  if (state !== undefined)
    await writeFile(join(directory, ".cocktail/run.json"), JSON.stringify(state));
}

describe("a cocktail that ended", () => {
  it("is said, and not waited for", async (t) => {
    const root = await workspace(t);
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    t.after(() => child.kill("SIGKILL"));
    await cocktailAt(root, { ...run, ...identify(child.pid ?? 0), api: "http://127.0.0.1:1" });
    const { api } = await connect({ file: root, cwd: "/", env: {} });
    const ask = async (): Promise<unknown> => api.status().catch((error: unknown) => error);
    assert.equal(await isTransient(await ask()), true, "no response, but the process is alive");
    child.kill("SIGKILL");
    await once(child, "exit");
    const error = await ask();
    assert.equal(await isTransient(error), false);
    assert.equal(await isRetryable(error), true, "who watches goes on with the next start");
    const { code, message } = await toFailure(error);
    assert.deepEqual([code, message.includes(`process ${child.pid}`)], ["COCKTAIL_EXITED", true]);
  });
});

describe("finding the cocktail", () => {
  it("finds the nearest running cocktail from a nested directory, through symbolic links", async (t) => {
    const root = await workspace(t);
    await cocktailAt(root, run);
    await cocktailAt(join(root, "inner"), { ...run, pid: 2 ** 22 + 1 });
    await mkdir(join(root, "inner/deep/er"), { recursive: true });
    const found = await connect({ file: undefined, cwd: join(root, "inner/deep/er"), env: {} });
    assert.deepEqual([found.directory, found.api.baseUrl], [root, run.api]);
    await symlink(join(root, "cocktail.yaml"), join(root, "inner/deep/cocktail.yaml"));
    assert.equal(
      (await connect({ file: "cocktail.yaml", cwd: join(root, "inner/deep"), env: {} })).directory,
      root,
    );
    assert.equal(
      (await connect({ file: undefined, cwd: join(root, "inner/deep"), env: {} })).directory,
      root,
    );
    assert.equal((await connect({ file: root, cwd: "/", env: {} })).directory, root);
  });

  it("ignores a dead process, a reused pid and an invalid run file", async (t) => {
    const root = await workspace(t);
    for (const state of [
      { ...run, pid: 2 ** 22 + 1 },
      { ...run, startTime: "another boot:1" },
      { ...run, api: undefined },
      { ...run, pid: 1 },
      { ...run, pid: "7" },
      {},
    ]) {
      await cocktailAt(root, state);
      await assert.rejects(connect({ file: undefined, cwd: root, env: {} }), {
        code: "NOT_RUNNING",
        exitCode: 1,
        retryable: true,
      });
    }
    await cocktailAt(root, { ...run, pid: 1 });
    const { written } = await readState(root);
    assert.equal(written, undefined, "a signal to process 1 would reach too much");
    await writeFile(join(root, ".cocktail/run.json"), "{");
    assert.equal((await readState(root)).written, undefined);
  });

  it("falls back to COCKTAIL_API, but not with --file", async (t) => {
    const root = await workspace(t);
    await using api = await startFakeApi({ "GET /v1/environments": { items: [] } });
    await cocktailAt(root);
    assert.deepEqual(
      (await invoke(["env", "list"], { cwd: root, env: api.env })).stdout,
      "no environments\n",
    );
    const named = await invoke(["env", "list", "-f", root], { cwd: "/", env: api.env });
    assert.equal(named.code, 1);
    assert.match(named.stderr, /is not running.*\nfix: {3}start it: cocktail up --detach/);
    const absent = await invoke(["env", "list", "--file", join(root, "nothing")], { env: api.env });
    assert.deepEqual([absent.code, absent.stderr.includes("[FILE_NOT_FOUND]")], [2, true]);
    const wrong = await invoke(["env", "list"], { env: { COCKTAIL_API: "nonsense" } });
    assert.deepEqual(
      [wrong.code, wrong.stderr.includes("set COCKTAIL_API to the base URL")],
      [2, true],
    );
  });

  it("reports an unreachable API as retryable", async (t) => {
    const root = await workspace(t);
    const gone = await startFakeApi({});
    await gone[Symbol.asyncDispose]();
    await cocktailAt(root, { ...run, api: gone.url });
    const { code, stderr } = await invoke(["env", "list", "-o", "json"], { cwd: root });
    assert.equal(code, 1);
    assert.partialDeepStrictEqual(JSON.parse(stderr), {
      code: "API_UNREACHABLE",
      retryable: true,
    });
  });

  it("refuses a second up while it is running, with exit code 4", async (t) => {
    const root = await workspace(t);
    await cocktailAt(root, run);
    const { code, stderr } = await invoke(["up", "--detach"], { cwd: root });
    assert.equal(code, 4);
    assert.match(
      stderr,
      new RegExp(
        `is already running at http://localhost:8080 \\(process ${process.pid}\\) {2}\\[RUNNING\\]`,
      ),
    );
  });
});
