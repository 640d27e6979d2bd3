import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRecord } from "./log-record.ts";

test("a record of the log is one line for people", () => {
  const record = {
    level: 40,
    time: "2026-11-23T09:31:00.123Z",
    msg: "it did",
    part: "x",
    why: "two words",
    err: { message: "no" },
  };
  assert.equal(
    formatRecord(JSON.stringify(record)),
    '09:31:00.123 WARN  x: it did why="two words" error="no"\n',
  );
});

test("what a message quotes moves no cursor", () => {
  const record = { level: 30, time: "2026-11-23T09:31:00.123Z", msg: "it said \u001B[2Jboo\nx" };
  assert.equal(formatRecord(JSON.stringify(record)), "09:31:00.123 info  it said boox\n");
});
