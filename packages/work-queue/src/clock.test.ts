import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { pause } from "./clock.ts";
import { ManualClock } from "./testing/index.ts";

test("a pause ends by time or by the signal, and leaves nothing behind", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const byTime = pause(clock, 5, signal);
  clock.pass(5);
  await byTime;
  const aborter = new AbortController();
  const bySignal = pause(clock, 5, aborter.signal);
  aborter.abort();
  await bySignal;
  await pause(clock, 5, aborter.signal);
  assert.equal(clock.timers, 0);
  for (const each of [signal, aborter.signal])
    assert.deepEqual(getEventListeners(each, "abort"), []);
});
