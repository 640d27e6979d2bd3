import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Waiters } from "./waiters.ts";

test("a state is waited for, and nothing is left on the signal", async () => {
  const waiters = new Waiters();
  const { signal } = new AbortController();
  const state = { looks: 0 };
  const waiting = waiters.until(() => ++state.looks === 4, signal);
  while (state.looks < 4) {
    waiters.wake();
    await new Promise(setImmediate);
  }
  await waiting;
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("waiting ends with its signal", async () => {
  const given = new AbortController();
  const waiting = new Waiters().until(() => false, given.signal);
  given.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(
    new Waiters().until(() => true, given.signal),
    /enough/,
  );
});
