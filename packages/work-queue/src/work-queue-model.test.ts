import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "./testing/index.ts";
import { WorkQueue, type WorkResult } from "./work-queue.ts";

const concurrency = 2;
const keys = ["a", "b", "c", "d"] as const;
const longestMs = 16;

/** The queue with work that ends when the test says so. */
class Bench {
  readonly clock = new ManualClock();
  readonly running = new Map<string, PromiseWithResolvers<WorkResult>>();
  readonly violations: string[] = [];
  /** Keys whose last change no work has seen: each must start some time. */
  readonly unseen = new Set<string>();
  /** Starts that are allowed: one for each addition, timer and retry. */
  readonly causes = new Map<string, number>();
  readonly queue = new WorkQueue({
    clock: this.clock,
    concurrency,
    backoff: { firstMs: 1, longestMs, random: () => 1 },
    work: (key) => this.#work(key),
    failed: (key, _error, delayMs) => {
      if (delayMs > longestMs) this.violations.push(`${key} waits ${delayMs} ms`);
    },
  });

  #work(key: string): Promise<WorkResult> {
    if (this.running.has(key)) this.violations.push(`${key} is in two workers`);
    if (this.running.size >= concurrency) this.violations.push("more workers than the limit");
    const causes = this.causes.get(key) ?? 0;
    if (causes === 0) this.violations.push(`${key} started without a cause`);
    this.causes.set(key, causes - 1);
    this.unseen.delete(key);
    const end = Promise.withResolvers<WorkResult>();
    this.running.set(key, end);
    return end.promise;
  }

  cause(key: string): void {
    this.causes.set(key, (this.causes.get(key) ?? 0) + 1);
    this.unseen.add(key);
  }

  finish(key: string, how: (end: PromiseWithResolvers<WorkResult>) => void): void {
    const end = this.running.get(key);
    if (end === undefined) return;
    this.running.delete(key);
    how(end);
  }
}

const key = fc.constantFrom(...keys);
type Step = (bench: Bench) => void;
const steps: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  key.map((key): readonly [string, Step] => [
    `add ${key}`,
    (bench) => {
      bench.cause(key);
      bench.queue.add(key);
    },
  ]),
  fc.tuple(key, fc.nat(20)).map(([key, ms]): readonly [string, Step] => [
    `add ${key} in ${ms} ms`,
    (bench) => {
      bench.cause(key);
      bench.queue.addAt(key, bench.clock.now() + ms);
    },
  ]),
  key.map((key): readonly [string, Step] => [
    `end ${key}`,
    (bench) => bench.finish(key, ({ resolve }) => resolve({})),
  ]),
  fc.tuple(key, fc.nat(20)).map(([key, ms]): readonly [string, Step] => [
    `end ${key}, again in ${ms} ms`,
    (bench) =>
      bench.finish(key, ({ resolve }) => {
        bench.cause(key);
        resolve({ againAt: bench.clock.now() + ms });
      }),
  ]),
  key.map((key): readonly [string, Step] => [
    `fail ${key}`,
    (bench) =>
      bench.finish(key, ({ reject }) => {
        bench.cause(key);
        reject(new Error("failed"));
      }),
  ]),
  fc
    .nat(20)
    .map((ms): readonly [string, Step] => [`pass ${ms} ms`, (bench) => bench.clock.pass(ms)]),
);
const named = fc.array(steps, { maxLength: 60 });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("any order of additions, timers, ends and failures: one worker a key, within the limit, nothing lost, nothing without a cause", async () => {
  await fc.assert(
    fc.asyncProperty(named, async (script) => {
      const bench = new Bench();
      for (const [, step] of script) {
        step(bench);
        await turn();
        assert.ok(bench.queue.size >= bench.running.size);
      }
      // Left alone, all that was added is worked on, and then nothing more is.
      for (let round = 0; round < 200 && bench.queue.size + bench.clock.timers > 0; round++) {
        bench.clock.pass(longestMs + 20);
        await turn();
        for (const key of keys) bench.finish(key, ({ resolve }) => resolve({}));
        await turn();
      }
      assert.deepEqual(bench.violations, []);
      assert.deepEqual([...bench.unseen], []);
      assert.equal(bench.queue.size, 0);
      assert.equal(bench.clock.timers, 0);
    }),
    { numRuns: 300 },
  );
});

test("stopped in any state, a queue starts nothing more, and ends when its running work has ended", async () => {
  await fc.assert(
    fc.asyncProperty(named, named, async (before, after) => {
      const bench = new Bench();
      for (const [, step] of before) {
        step(bench);
        await turn();
      }
      const stopped = bench.queue.stop();
      const running = [...bench.running.keys()];
      for (const [, step] of after) {
        step(bench);
        await turn();
        for (const key of bench.running.keys()) assert.ok(running.includes(key), `${key} started`);
      }
      for (const key of keys) bench.finish(key, ({ resolve }) => resolve({}));
      await stopped;
      assert.equal(bench.queue.size, 0);
      assert.equal(bench.clock.timers, 0);
    }),
    { numRuns: 100 },
  );
});
