import assert from "node:assert/strict";
import { test } from "node:test";
import { EpochsInForce } from "./epochs-in-force.ts";

const soon = (): AbortSignal => AbortSignal.timeout(5_000);

test("an epoch is in force when every service that it changed has it", async () => {
  const epochs = new EpochsInForce();
  assert.ok(!epochs.isInForce(1), "nothing is known yet");
  epochs.changed(1, ["a", "b"]);
  epochs.changed(2, ["a"]);
  epochs.seen("b", 2);
  assert.deepEqual(epochs.waitedFor(1), ["a"]);
  const first = epochs.until(1, soon());
  epochs.seen("a", 1);
  await first;
  assert.ok(epochs.isInForce(1) && !epochs.isInForce(2));
  const second = epochs.until(2, soon());
  epochs.seen("a", 2);
  await second;
});

test("later changes don't hold up an earlier epoch", () => {
  const epochs = new EpochsInForce();
  epochs.changed(1, ["a"]);
  epochs.seen("a", 1);
  for (let epoch = 2; epoch < 9; epoch++) epochs.changed(epoch, ["a", "b"]);
  assert.ok(epochs.isInForce(1) && !epochs.isInForce(2));
});

test("a service that nobody routes is not waited for", async () => {
  const epochs = new EpochsInForce();
  epochs.changed(1, ["a"]);
  const waiting = epochs.until(1, soon());
  epochs.forget("a");
  await waiting;
});

test("waiting ends with its signal", async () => {
  const epochs = new EpochsInForce();
  epochs.changed(1, ["a"]);
  const given = new AbortController();
  const waiting = epochs.until(1, given.signal);
  given.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
});
