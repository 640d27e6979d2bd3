import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { identify, isAlive } from "@cocktail/local-state";
import { until } from "@cocktail/test-support";
import { temporary } from "../testing/temporary.ts";
import { describeExit, drainOutput, startChild } from "./child-process.ts";
import { killDetachedProcesses, markEnvironment } from "./detached.ts";
import { endLeftovers, planLeftovers } from "./leftovers.ts";
import { endGroup, isGroupEmpty } from "./process-group.ts";
import { findMarked, readMarks } from "./process-list.ts";
import { openProcessRecords } from "./process-records.ts";

const env = { PATH: process.env["PATH"] ?? "" };
const workload = { service: "cart", key: "mp-1", incarnation: 1 };
const sh = (script: string, more: Record<string, string> = {}): ReturnType<typeof startChild> =>
  startChild({ command: ["sh", "-c", script], directory: "/", env: { ...env, ...more } });

test("a whole group is ended, also when a wrapper exits first", async () => {
  const child = sh("sleep 100 & sleep 100 & echo $!; exec sleep 100");
  const [output]: unknown[] = (await once(child.stdout, "data")) as unknown[];
  const grandchild = identify(Number(String(output)));
  assert.ok(grandchild !== undefined);
  assert.equal(isGroupEmpty(child.pid), false);
  assert.equal(await endGroup(child.pid, { graceMs: 5_000 }), true);
  assert.equal(isAlive(grandchild), false);
  assert.equal(isGroupEmpty(child.pid), true);
});

test("a process that ignores SIGTERM is killed after its grace", async () => {
  const child = sh("trap '' TERM; echo on; while :; do sleep 0.05; done");
  await once(child.stdout, "data");
  assert.equal(await endGroup(child.pid, { graceMs: 100 }), true);
  assert.equal((await child.exited).signal, "SIGKILL");
});

test("the force signal cuts the grace short", async () => {
  const child = sh("trap '' TERM; echo on; while :; do sleep 0.05; done");
  await once(child.stdout, "data");
  assert.equal(
    await endGroup(child.pid, { graceMs: 60_000, forceSignal: AbortSignal.abort() }),
    true,
  );
});

test("a failed spawn is returned with its reason, not thrown", async () => {
  const child = startChild({ command: ["no-such-program"], directory: "/", env });
  assert.match(
    describeExit(await child.exited),
    /^could not be started: no-such-program was not found/,
  );
  assert.equal(describeExit(await sh("exit 3").exited), "exited with code 3");
});

test("arguments that the system refuses are a failed spawn", async () => {
  const child = startChild({ command: ["echo", "a\0b"], directory: "/", env });
  assert.equal(child.pid, 0);
  assert.match(describeExit(await child.exited), /^could not be started: .*null bytes/);
  const long = startChild({ command: ["echo", "x".repeat(4_000_000)], directory: "/", env });
  assert.match(describeExit(await long.exited), /^could not be started: spawn E2BIG/);
});

test("output is drained after the exit, but not forever", async () => {
  const child = sh("(sleep 0.1; echo late) & exit 0");
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += String(chunk)));
  await child.exited;
  await drainOutput(child);
  assert.equal(printed, "late\n");
  const holder = sh("sleep 100 & exit 0");
  await holder.exited;
  await drainOutput(holder);
  assert.equal(isGroupEmpty(holder.pid), false, "it still holds the pipes");
  await endGroup(holder.pid, { graceMs: 1_000 });
});

test("processes are found by the run id in their environment, others are not", async () => {
  const runId = randomUUID();
  const child = sh("exec sleep 100", markEnvironment(runId, workload));
  const other = sh("exec sleep 100", markEnvironment(randomUUID(), workload));
  const found = await until("the process", async () => {
    const all = await findMarked(runId);
    return all.length > 0 && all;
  });
  assert.deepEqual(
    found.map(({ pid }) => pid),
    [child.pid],
  );
  assert.equal(found[0]?.marks.get("COCKTAIL_VARIANT"), "mp-1");
  await Promise.all([
    endGroup(child.pid, { graceMs: 1_000 }),
    endGroup(other.pid, { graceMs: 1_000 }),
  ]);
});

test(
  "processes that left their group are ended with their workload, those of another workload are not",
  { skip: spawnSync("setsid", ["true"]).status !== 0 && "no setsid" },
  async () => {
    const runId = randomUUID();
    const escape = (key: string): ReturnType<typeof startChild> =>
      sh("setsid sleep 100 & echo $!; wait", markEnvironment(runId, { ...workload, key }));
    const [mine, other] = [escape("mp-1"), escape("mp-2")];
    await Promise.all([once(mine.stdout, "data"), once(other.stdout, "data")]);
    const sleeping = async (): Promise<number> =>
      (await findMarked(runId)).filter(({ group }) => group !== mine.pid && group !== other.pid)
        .length;
    await until("both to leave their groups", async () => (await sleeping()) === 2);
    await endGroup(mine.pid, { graceMs: 1_000 });
    assert.equal(await killDetachedProcesses(runId, workload, { graceMs: 1_000 }), 1);
    await until("one to be left", async () => (await sleeping()) === 1);
    await killDetachedProcesses(runId, { ...workload, key: "mp-2" }, { graceMs: 1_000 });
    await endGroup(other.pid, { graceMs: 1_000 });
  },
);

test("leftovers of a killed run are ended; an unrelated process with a recorded pid is not", async () => {
  using home = temporary();
  const runId = randomUUID();
  const records = openProcessRecords(home.path, runId);
  const leftover = sh("sleep 100 & wait", markEnvironment(runId, workload));
  const stranger = sh("exec sleep 100");
  records.add(leftover.pid, "cart:mp-1#1");
  records.add(stranger.pid, "cart:mp-2#1");
  const lines = await endLeftovers(home.path, undefined);
  assert.deepEqual(lines, [
    `ended cart:mp-1#1 (process group ${leftover.pid}) of a run that was killed`,
  ]);
  assert.equal(isGroupEmpty(leftover.pid), true);
  assert.equal(isGroupEmpty(stranger.pid), false);
  assert.deepEqual(readdirSync(home.path), []);
  await endGroup(stranger.pid, { graceMs: 1_000 });
});

test("members of a group without its leader are found by the run id and ended", async () => {
  using home = temporary();
  const runId = randomUUID();
  const child = sh("sleep 100 & echo $!; kill -9 $$", markEnvironment(runId, workload));
  const [output]: unknown[] = (await once(child.stdout, "data")) as unknown[];
  await child.exited;
  const orphan = identify(Number(String(output)));
  assert.ok(orphan !== undefined);
  // Between fork and exec a process shows no environment for a moment.
  await until("the orphan to be found", async () => (await findMarked(runId)).length === 1);
  const lines = await endLeftovers(home.path, runId);
  assert.deepEqual(lines, [`ended process ${orphan.pid} of cart:mp-1, of a run that was killed`]);
  assert.equal(isAlive(orphan), false);
});

test("leftovers that ignore SIGTERM, inside or outside their group, are gone when they are reported", async () => {
  using home = temporary();
  const runId = randomUUID();
  const ignoring = "trap '' TERM; echo on; while :; do sleep 0.05; done";
  const marks = markEnvironment(runId, workload);
  const [recorded, stray] = [sh(ignoring, marks), sh(ignoring, marks)];
  openProcessRecords(home.path, runId).add(recorded.pid, "cart:mp-1#1");
  await Promise.all([once(recorded.stdout, "data"), once(stray.stdout, "data")]);
  const lines = await endLeftovers(home.path, runId);
  assert.match(lines.join("\n"), new RegExp(`process ${stray.pid} of cart:mp-1`));
  assert.deepEqual(await findMarked(runId), []);
});

test("pid, start time and run id must all agree", () => {
  const record = { pid: 7, startTime: "s", runId: "run-1-id", name: "cart:mp-1#1" };
  const marked = {
    pid: 7,
    startTime: "s",
    group: 7,
    marks: new Map([["COCKTAIL_RUN_ID", "run-1-id"]]),
  };
  const groups = (change: Partial<typeof marked>): number =>
    planLeftovers([record], [{ ...marked, ...change }]).groups.length;
  assert.equal(groups({}), 1);
  assert.equal(groups({ pid: 8 }), 0);
  assert.equal(groups({ startTime: "later" }), 0);
  assert.equal(groups({ marks: new Map([["COCKTAIL_RUN_ID", "run-2-id"]]) }), 0);
});

test("only Cocktail's own variables are read, values may hold an equals sign", () => {
  const marks = readMarks([
    "A=1",
    "COCKTAIL_RUN_ID=x=y",
    "COCKTAIL_EMPTY=",
    "XCOCKTAIL_A=1",
    "COCKTAIL_NONE",
  ]);
  assert.deepEqual(
    [...marks],
    [
      ["COCKTAIL_RUN_ID", "x=y"],
      ["COCKTAIL_EMPTY", ""],
    ],
  );
});
