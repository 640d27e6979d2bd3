import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { portOf, startFakeApi } from "../test/support/fake-api.ts";
import { condition, deployed, variant } from "../test/support/objects.ts";

const bin = join(import.meta.dirname, "../bin/cocktail.js");

describe("the process", () => {
  it("exits without an error when its reader closes the pipe", async () => {
    const line = `${JSON.stringify({ time: "", variant: "cart:stable", incarnation: 1, stream: "stdout", text: "x".repeat(900) })}\n`;
    await using api = await startFakeApi({
      "GET /v1/logs": () => ({ type: "application/x-ndjson", body: line.repeat(5000) }),
    });
    const script = `"${process.execPath}" "${bin}" logs | head -n 1 >/dev/null; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], {
      env: { ...process.env, ...api.env },
      cwd: "/",
    });
    assert.deepEqual([stdout, stderr], ["0\n", ""]);
  });

  it("keeps its exit code when nobody reads stderr", async () => {
    const script = `{ "${process.execPath}" "${bin}" nonsense; echo "$?" >&3; } 2>&1 >/dev/null | true`;
    const { stdout } = await promisify(execFile)("bash", ["-c", `{ ${script}; } 3>&1`]);
    assert.equal(stdout, "2\n");
  });

  it("works in a deleted working directory", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "cocktail-cli-"));
    t.after(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, "cocktail.yaml"), "");
    const script = `mkdir gone && cd gone && rmdir ../gone && "${process.execPath}" "${bin}" status; echo "$?"`;
    const options = { cwd: directory };
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], options);
    assert.equal(stdout, "1\n");
    assert.match(stderr, /^error: the cocktail of .*cocktail\.yaml is not running/);
  });

  it("exits 130 at SIGINT and 143 at SIGTERM while it waits", async () => {
    const starting = variant("cart:mp-1", { conditions: [condition("False", "Starting", 1)] });
    await using api = await startFakeApi({
      "POST /v1/variants": deployed(starting),
      "GET /v1/variants/cart/mp-1": starting,
    });
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const child = spawn(process.execPath, [bin, "branch", "deploy", "cart", "--key", "mp-1"], {
        cwd: "/",
        env: { ...process.env, ...api.env },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
        if (text.includes("Starting")) child.kill(signal);
      });
      const status = await new Promise((settle) => child.once("close", settle));
      assert.equal(status, code, stderr);
      assert.match(stderr, /the operation continues/);
    }
  });

  it("exits logs -f at Ctrl-C without an error message, with 130", async () => {
    const line = `${JSON.stringify({ time: "", variant: "cart:stable", incarnation: 1, stream: "stdout", text: "said" })}\n`;
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" }).write(line);
    });
    await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
    const child = spawn(process.execPath, [bin, "logs", "-f", "-o", "json"], {
      cwd: "/",
      env: { ...process.env, COCKTAIL_API: `http://127.0.0.1:${portOf(server)}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      child.kill("SIGINT");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const status = await new Promise((settle) => child.once("close", settle));
    server.closeAllConnections();
    await new Promise((settle) => server.close(settle));
    assert.deepEqual([status, stdout, stderr], [130, line, ""]);
  });

  it("loads neither yaml nor zod nor the client for a command that needs none", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "cocktail-cli-"));
    t.after(() => rm(directory, { recursive: true }));
    const spy = `import { registerHooks } from "node:module"; import { appendFileSync } from "node:fs";
      registerHooks({ load: (url, context, next) => { appendFileSync(${JSON.stringify(join(directory, "loaded"))}, url + "\\n"); return next(url, context); } });`;
    await writeFile(join(directory, "spy.mjs"), spy);
    await promisify(execFile)(process.execPath, [
      "--import",
      join(directory, "spy.mjs"),
      bin,
      "version",
    ]);
    const loaded = await readFile(join(directory, "loaded"), "utf8");
    assert.match(loaded, /apps\/cli\/src\/commands\/version\.ts/);
    assert.deepEqual(
      loaded
        .split("\n")
        .filter((url) =>
          /node_modules\/(yaml|zod|undici|fastify)\/|packages\/client\/src\/client/.test(url),
        ),
      [],
    );
  });
});
