import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { until } from "@cocktail/test-support";
import { LogBook } from "../logs/log-book.ts";
import { findMarked } from "../processes/process-list.ts";
import { openProcessRecords } from "../processes/process-records.ts";
import { WorkingCopies } from "../sources/working-copies.ts";
import { Worktrees } from "../sources/worktree.ts";
import { silent } from "../testing/silent.ts";
import { git, temporary, write } from "../testing/temporary.ts";
import type { WorkloadPhase, WorkloadStatus } from "./platform.ts";
import { PortPool } from "./ports.ts";
import { Preparations } from "./preparation.ts";
import { Workload } from "./workload.ts";
import type { WorkloadPlan } from "./workload-plan.ts";

const server = `require("node:http").createServer((_, response) => response.end()).listen(process.env.PORT, process.env.HOST);`;

interface Bench extends AsyncDisposable {
  readonly root: string;
  readonly directory: string;
  start(change?: Partial<WorkloadPlan>, incarnation?: number): Workload;
}

/** Workloads of one variant, whose state directory can be spoiled. */
function bench({ state = "state" } = {}): Bench {
  const home = temporary({ "cart/server.cjs": server });
  const directory = join(home.path, "cart");
  mkdirSync(join(home.path, "state"));
  const place = join(home.path, state);
  const runId = randomUUID();
  const records = openProcessRecords(place, runId);
  const logs = new LogBook({ directory: join(home.path, "logs") });
  const started: Workload[] = [];
  const context = {
    runId,
    inherited: { PATH: process.env["PATH"] },
    records,
    logs,
    ports: new PortPool(),
    preparations: new Preparations(join(place, "prepared.json"), records),
    worktrees: new Worktrees(join(home.path, "worktrees")),
    workingCopies: new WorkingCopies(join(home.path, "working-copies.json")),
    log: silent,
  };
  return {
    root: home.path,
    directory,
    start: (change = {}, incarnation = 1) => {
      const plan: WorkloadPlan = {
        ref: { service: "cart", key: "mp-1", incarnation },
        rollout: incarnation,
        source: { kind: "service" },
        command: [process.execPath, "server.cjs"],
        servicePath: directory,
        isStablesDirectory: true,
        prepare: undefined,
        health: undefined,
        protocol: "auto",
        envFiles: [],
        copyFiles: [],
        env: [],
        ...change,
      };
      const workload = new Workload(plan, [], context, () => undefined);
      started.push(workload);
      workload.start();
      return workload;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map((workload) => workload.stop({ graceMs: 2_000 })));
      await logs.close();
      assert.deepEqual(await findMarked(runId), [], "no process of the run is left");
      home[Symbol.dispose]();
    },
  };
}

async function phase(workload: Workload, expected: WorkloadPhase): Promise<WorkloadStatus> {
  return await until(
    `it to be ${expected}`,
    () => workload.status().phase === expected && workload.status(),
    { seen: () => workload.status() },
  );
}

describe("a workload", () => {
  test("runs, prepared and supervised, where nothing can be written to the state directory", async () => {
    await using one = bench({ state: "no/such/place" });
    const workload = one.start({ prepare: ["true"] });
    const { pid } = await phase(workload, "Ready");
    process.kill(pid ?? 0, "SIGKILL");
    await until("another process", () => {
      const now = workload.status();
      return now.phase === "Ready" && now.pid !== pid;
    });
  });

  test("that was ready recovers when its directory was missing for a while", async () => {
    await using one = bench();
    const workload = one.start();
    const { pid } = await phase(workload, "Ready");
    renameSync(one.directory, `${one.directory}.away`);
    process.kill(pid ?? 0, "SIGKILL");
    await until("the reason", () => workload.status().message.includes("cart does not exist"), {
      seen: () => workload.status(),
    });
    renameSync(`${one.directory}.away`, one.directory);
    await phase(workload, "Ready");
  });

  test("that can't be started with its arguments reports why", async () => {
    await using one = bench();
    const workload = one.start({ command: ["node", "a\0b"] });
    await until(
      "the reason",
      () => /could not be started: .*null bytes/.test(workload.status().message),
      {
        seen: () => workload.status(),
      },
    );
  });

  test("logs what git and its filters print line by line, and quotes none of it in its message", async () => {
    await using one = bench();
    git(one.directory, "init", "-q");
    git(one.directory, "add", ".");
    git(one.directory, "commit", "-qm", "one");
    write(one.directory, { ".gitattributes": "*.bin filter=large\n", "a.bin": "pointer\n" });
    git(one.directory, "add", ".");
    git(one.directory, "commit", "-qm", "two");
    git(one.directory, "branch", "large");
    git(one.directory, "config", "filter.large.smudge", "no-such-filter");
    git(one.directory, "config", "filter.large.required", "true");
    const workload = one.start({ source: { kind: "branch", branch: "large" } });
    const { message } = await phase(workload, "Failed");
    assert.match(message, /^git worktree add .* failed; its log has what git printed$/);
    const file = join(one.root, "logs/cart/mp-1.log");
    const log = await until("the last line to be written", () => {
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      return text.includes("no-such-filter") && text.endsWith("\n") && text;
    });
    for (const line of log.trim().split("\n")) assert.match(line, /^\S+ #1 (?:stderr|cocktail) /);
  });
});

test("a branch doesn't prepare in stable's directory, by whatever path it is reached", async () => {
  await using one = bench();
  const link = join(one.root, "link");
  symlinkSync(one.directory, link);
  const prepare = ["sh", "-c", "echo run >> ../runs"];
  await phase(one.start({ prepare }), "Ready");
  await phase(one.start({ prepare, source: { kind: "directory", path: link } }, 2), "Ready");
  assert.equal(existsSync(join(one.root, "runs")), false);
  const stable = { service: "cart", key: "stable", incarnation: 3 };
  await phase(one.start({ prepare, ref: stable }, 3), "Ready");
  assert.equal(readFileSync(join(one.root, "runs"), "utf8"), "run\n");
});

test("a preparation that failed is not what was done before: it is repeated", async () => {
  await using one = bench();
  const stable = { service: "cart", key: "stable", incarnation: 1 };
  const prepare = ["sh", "-c", "echo run >> ../runs; test ! -e fails"];
  const lock = (text: string): void => write(one.directory, { "package-lock.json": text });
  lock("a");
  await phase(one.start({ prepare, ref: stable }), "Ready");
  lock("b");
  write(one.directory, { fails: "" });
  await phase(one.start({ prepare, ref: { ...stable, incarnation: 2 } }, 2), "Failed");
  lock("a");
  rmSync(join(one.directory, "fails"));
  await phase(one.start({ prepare, ref: { ...stable, incarnation: 3 } }, 3), "Ready");
  assert.equal(readFileSync(join(one.root, "runs"), "utf8"), "run\nrun\nrun\n");
});

test("a directory is prepared once, by whatever path it is reached", async () => {
  await using one = bench();
  const link = join(one.root, "link");
  symlinkSync(one.directory, link);
  const prepare = ["sh", "-c", "echo run >> ../runs; sleep 0.2"];
  const paths = [one.directory, `${one.directory}/`, link];
  const workloads = paths.map((path, index) =>
    one.start({ prepare, servicePath: undefined, source: { kind: "directory", path } }, index + 1),
  );
  await Promise.all(workloads.map((workload) => phase(workload, "Ready")));
  assert.equal(readFileSync(join(one.root, "runs"), "utf8"), "run\n");
});
