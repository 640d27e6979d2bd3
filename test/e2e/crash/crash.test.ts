import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runSchedules } from "./run.ts";

const skip =
  process.platform === "linux" ? {} : { skip: "processes are found as Linux tells them" };
const seed = 1;
const schedules = Number(process.env["COCKTAIL_TEST_CRASH_SCHEDULES"] ?? "200");

describe("commands under kills at random instants", skip, () => {
  it("keeps what was acknowledged, does the rest wholly or not at all, routes as the model says, and leaves nothing behind", async () => {
    const onLine = (line: string): void => console.error(line);
    const failures = await runSchedules({
      seed,
      from: 0,
      schedules,
      lanes: 3,
      maxFailures: 3,
      onLine,
    });
    assert.deepEqual(failures, []);
  });
});
