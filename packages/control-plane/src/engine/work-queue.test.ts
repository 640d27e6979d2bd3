import assert from "node:assert/strict";
import { test } from "node:test";
import { TestClock } from "./testing/world.ts";
import { WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

function queueOf(work: WorkQueueOptions["work"], more: Partial<WorkQueueOptions> = {}): WorkQueue {
  return new WorkQueue({
    clock: new TestClock(),
    concurrency: 2,
    backoff: { firstMs: 1, longestMs: 8, random: () => 1 },
    work,
    failed: () => {},
    ...more,
  });
}

async function idle(queue: WorkQueue): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (queue.size > 0) {
    assert.ok(Date.now() < deadline, "the queue did not converge");
    await new Promise(setImmediate);
  }
}

test("a key is processed once at a time, and requeued once if it is added meanwhile", async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const queue = queueOf(async () => {
    most = Math.max(most, ++running);
    runs++;
    await new Promise(setImmediate);
    running--;
    return {};
  });
  for (let count = 0; count < 10; count++) queue.add("a");
  await new Promise(setImmediate);
  for (let count = 0; count < 10; count++) queue.add("a");
  await idle(queue);
  assert.equal(most, 1);
  assert.equal(runs, 2);
});

test("no more keys than the concurrency limit are processed at a time, and all are processed", async () => {
  let running = 0;
  let most = 0;
  const seen = new Set<string>();
  const queue = queueOf(async (key) => {
    most = Math.max(most, ++running);
    seen.add(key);
    await new Promise(setImmediate);
    running--;
    return {};
  });
  for (let name = 0; name < 20; name++) queue.add(`${name}`);
  await idle(queue);
  assert.equal(most, 2);
  assert.equal(seen.size, 20);
});

test("failures are retried with exponential backoff up to the maximum, until settled", async () => {
  const pauses: number[] = [];
  const settled = Promise.withResolvers<void>();
  const queue: WorkQueue = queueOf(
    async () => {
      await Promise.resolve();
      if (pauses.length < 6) throw new Error("not yet");
      queue.settle("a");
      settled.resolve();
      return {};
    },
    { failed: (_key, _error, pause) => pauses.push(pause) },
  );
  queue.add("a");
  await settled.promise;
  assert.deepEqual(pauses, [1, 2, 4, 8, 8, 8]);
  await queue.stop();
});

test("if a key is added for several times, the earliest wins", async () => {
  const clock = new TestClock();
  let runs = 0;
  const queue = queueOf(
    async () => {
      await Promise.resolve();
      runs++;
      return {};
    },
    { clock },
  );
  const now = clock.now();
  queue.addAt("a", now + 100_000);
  queue.addAt("a", now + 50_000);
  queue.addAt("a", now + 200_000);
  clock.pass(51_000);
  await idle(queue);
  assert.equal(runs, 1);
  clock.pass(1_000_000);
  await idle(queue);
  assert.equal(runs, 1);
});

test("stop waits for running work and starts no new work", async () => {
  const gate = Promise.withResolvers<void>();
  const done: string[] = [];
  const queue = queueOf(
    async (key) => {
      await gate.promise;
      done.push(key);
      return { againAt: 0 };
    },
    { concurrency: 1 },
  );
  queue.add("a");
  queue.add("b");
  await new Promise(setImmediate);
  const stopped = queue.stop();
  gate.resolve();
  await stopped;
  queue.add("c");
  await new Promise(setImmediate);
  assert.deepEqual(done, ["a"]);
});
