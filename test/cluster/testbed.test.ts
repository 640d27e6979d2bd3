import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@cocktail/test-support";
import { isOwnCluster } from "@cocktail/testbed";

const main = fileURLToPath(new URL("../../testbed/src/main.ts", import.meta.url));

/** Testbeds inside the testbed that this suite runs in: namespaces nest, so that their ends can be watched from outside. */
describe("a testbed", { skip: isOwnCluster && "it is about the testbed" }, () => {
  let state = "";
  before(async () => {
    state = await mkdtemp(join(tmpdir(), "cocktail-testbeds-"));
  });
  after(() => rm(state, { recursive: true, force: true }));

  function start(...args: readonly string[]): { child: ChildProcess; output: () => string } {
    const env = { ...process.env, XDG_STATE_HOME: state };
    const child = spawn(process.execPath, ["--conditions=@cocktail/source", main, ...args], {
      env,
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    return { child, output: () => text };
  }

  async function testbed(
    ...args: readonly string[]
  ): Promise<{ code: number | null; text: string }> {
    const { child, output } = start(...args);
    await once(child, "close");
    return { code: child.exitCode, text: output() };
  }

  const directory = (name: string): string => join(state, "cocktail/testbed", name);

  /** Processes whose command line names the testbed's directory: all of them but the pods do. */
  function processesOf(name: string): readonly string[] {
    return readdirSync("/proc").flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return line.includes(directory(name)) ? [`${pid} ${line.replaceAll("\0", " ")}`] : [];
      } catch {
        return [];
      }
    });
  }

  test("two run side by side, and the end of one leaves the other, in which commands run", async () => {
    const up = await testbed("up", "--name", "one");
    assert.equal(up.code, 0, up.text);
    const second = await testbed("up", "--name", "two");
    assert.equal(second.code, 0, second.text);
    const again = await testbed("up", "--name", "one");
    assert.equal(again.code, 4);
    assert.match(again.text, /is up; run: .*down/);
    assert.equal((await testbed("down", "--name", "one")).code, 0);
    assert.deepEqual(processesOf("one"), []);
    assert.equal(existsSync(directory("one")), false);
    const asked = await testbed("run", "--name", "two", "--", "kubectl", "get", "ns", "-o", "name");
    assert.equal(asked.code, 0, asked.text);
    assert.match(asked.text, /namespace\/istio-system/);
    const failed = await testbed("run", "--name", "two", "--", "sh", "-c", "echo seen; exit 9");
    assert.deepEqual([failed.code, failed.text.trim()], [9, "seen"]);
    const log = await testbed("logs", "--name", "two", "nothing");
    assert.equal(log.code, 3);
    assert.match(log.text, /there are .*etcd/);
    assert.equal((await testbed("down", "--name", "two")).code, 0);
  });

  test("a killed one leaves no process, and the next start takes its place", async () => {
    assert.equal((await testbed("up", "--name", "killed")).code, 0);
    const run = JSON.parse(readFileSync(join(directory("killed"), "run.json"), "utf8")) as {
      pid: number;
    };
    process.kill(run.pid, "SIGKILL");
    await until("every process to end", () => processesOf("killed").length === 0, {
      seen: () => processesOf("killed"),
    });
    assert.equal((await testbed("status", "--name", "killed")).code, 3);
    assert.equal((await testbed("run", "--name", "killed", "--", "true")).code, 3);
    assert.equal((await testbed("up", "--name", "killed")).code, 0);
    assert.equal((await testbed("down", "--name", "killed")).code, 0);
    assert.deepEqual(processesOf("killed"), []);
  });

  test("Ctrl-C while it starts takes it down again", async () => {
    const { child, output } = start("up", "--name", "interrupted");
    await until("its first component", () => output().includes("etcd"), { ms: 60_000 });
    child.kill("SIGINT");
    await once(child, "close");
    assert.equal(child.exitCode, 130, output());
    assert.deepEqual(processesOf("interrupted"), []);
    assert.equal(existsSync(directory("interrupted")), false);
  });
});
