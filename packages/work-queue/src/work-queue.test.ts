import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "./testing/index.ts";
import { TokenBucket } from "./token-bucket.ts";
import { WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

function queueOf(work: WorkQueueOptions["work"], more: Partial<WorkQueueOptions> = {}): WorkQueue {
  return new WorkQueue({
    clock: new ManualClock(),
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
  const clock = new ManualClock();
  const pauses: number[] = [];
  let isDone = false;
  const queue: WorkQueue = queueOf(
    async () => {
      await Promise.resolve();
      if (pauses.length < 6) throw new Error("not yet");
      queue.settle("a");
      isDone = true;
      return {};
    },
    { clock, failed: (_key, _error, pause) => pauses.push(pause) },
  );
  queue.add("a");
  for (let turn = 0; turn < 7; turn++) {
    await idle(queue);
    clock.pass(8);
  }
  assert.ok(isDone);
  assert.deepEqual(pauses, [1, 2, 4, 8, 8, 8]);
  assert.equal(queue.addLater("a"), 1);
});

test("retries of all keys together keep to the limit, and the first try of a key does not", async () => {
  const clock = new ManualClock();
  const starts: string[] = [];
  const pauses: number[] = [];
  const queue = queueOf(
    async (key) => {
      await Promise.resolve();
      starts.push(key);
      throw new Error("always");
    },
    {
      clock,
      retryLimit: new TokenBucket({ clock, perSecond: 1, burst: 1 }),
      failed: (_key, _error, pause) => pauses.push(pause),
    },
  );
  for (const key of ["a", "b", "c"]) queue.add(key);
  await idle(queue);
  assert.deepEqual(starts, ["a", "b", "c"]);
  assert.deepEqual(pauses, [1, 1000, 2000]);
});

test("an observer is told of every addition, start, end and retry, with durations", async () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  const queue = queueOf(
    async () => {
      clock.pass(7);
      await Promise.resolve();
      throw new Error("no");
    },
    {
      clock,
      concurrency: 1,
      backoff: { firstMs: 100, longestMs: 100, random: () => 1 },
      observer: {
        added: (key) => seen.push(`added ${key}`),
        started: (key, ms) => seen.push(`started ${key} ${ms}`),
        finished: (key, ms) => seen.push(`finished ${key} ${ms}`),
        retried: (key) => seen.push(`retried ${key}`),
      },
    },
  );
  queue.add("a");
  queue.add("b");
  queue.add("b");
  await idle(queue);
  assert.deepEqual(seen, [
    "added a",
    "added b",
    "started a 0",
    "retried a",
    "finished a 7",
    "started b 7",
    "retried b",
    "finished b 7",
  ]);
});

test("if a key is added for several times, the earliest wins", async () => {
  const clock = new ManualClock();
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
