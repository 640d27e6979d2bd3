import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { identify, isAlive, parseProcStat, parsePsLine, readProcess } from "./process-identity.ts";

test("a process name with spaces and parentheses doesn't shift the fields", () => {
  const rest = Array.from({ length: 20 }, (_, index) => String(index + 100));
  rest[17] = "4711"; // field 22, counted from the state
  const facts = parseProcStat(`12 (a) b (c)) Z 7 9 ${rest.slice(1).join(" ")}`, "boot");
  assert.equal(facts?.command, "a) b (c)");
  assert.equal(facts?.parent, 7);
  assert.equal(facts?.group, 9);
  assert.equal(facts?.zombie, true);
  assert.equal(facts?.startTime, "boot:4711");
});

test("text that is not a stat line is no process", () => {
  assert.equal(parseProcStat("", "boot"), undefined);
  assert.equal(parseProcStat("12 (sh) S 1", "boot"), undefined);
});

test("a line of ps gives the same facts", () => {
  const facts = parsePsLine("    1  4711 Ss   Mon Nov  2 09:31:00 2026 /opt/pg/bin/postgres");
  assert.deepEqual(facts, {
    parent: 1,
    group: 4711,
    zombie: false,
    command: "postgres",
    startTime: "Mon Nov  2 09:31:00 2026",
  });
  assert.equal(parsePsLine("7 7 Z+ Mon Nov 23 09:31:00 2026 (sh)")?.zombie, true);
  assert.equal(parsePsLine(""), undefined);
});

test("an ended process and a reused number are not alive", async () => {
  const child = spawn("sleep", ["60"]);
  const identity = identify(child.pid ?? 0);
  assert.ok(identity !== undefined);
  assert.equal(isAlive(identity), true);
  assert.equal(isAlive({ pid: identity.pid, startTime: "another start" }), false);
  assert.equal(readProcess(identity.pid)?.parent, process.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(isAlive(identity), false);
});
