import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { pause } from "./pause.ts";

test("a pause leaves nothing on its signal, however often it is taken", async () => {
  const { signal } = new AbortController();
  for (let turn = 0; turn < 20; turn++) await pause(0, signal);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a pause ends at its signal", async () => {
  const stop = new AbortController();
  const pausing = pause(2 ** 31 - 1, stop.signal);
  stop.abort(new Error("no more"));
  await pausing;
  await pause(2 ** 31 - 1, stop.signal);
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
});
