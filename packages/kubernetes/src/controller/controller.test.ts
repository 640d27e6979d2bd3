import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@cocktail/work-queue/testing";
import { Registry } from "prom-client";
import type { Api } from "../api/api.ts";
import type { Handler } from "../informer/handlers.ts";
import type { KubeObject } from "../object.ts";
import { registerRuntimeMetrics } from "../serve/runtime-metrics.ts";
import { type ControllerOptions, runController, TerminalError } from "./controller.ts";

const api: Api = {
  request: async () => await Promise.reject(new Error("not used")),
  stream: async () => await Promise.reject(new Error("not used")),
};
const object = (name: string, resourceVersion = "1"): KubeObject => ({
  metadata: { name, resourceVersion },
});
const turn = async (): Promise<void> => {
  for (let count = 0; count < 5; count++) await new Promise(setImmediate);
};

/** An informer whose objects the test gives. */
class Source {
  readonly handlers = new Set<Handler>();
  readonly sync = Promise.withResolvers<void>();
  readonly #objects: readonly KubeObject[];

  constructor(...names: readonly string[]) {
    this.#objects = names.map((name) => object(name));
  }
  async synced(): Promise<void> {
    await this.sync.promise;
  }
  subscribe(handler: Handler): () => void {
    this.handlers.add(handler);
    for (const each of this.#objects) void handler.added?.(each);
    return () => void this.handlers.delete(handler);
  }
}

const bench = (source: Source, more: Partial<ControllerOptions>) => {
  const clock = new ManualClock(1_000);
  const stop = new AbortController();
  const lost = new AbortController();
  const log: string[] = [];
  const add = (level: string) => (fields: object, message: string) =>
    void log.push(`${level} ${"key" in fields ? String(fields.key) : ""} ${message}`);
  const registry = new Registry();
  const ended = runController(
    {
      name: "test",
      watches: [{ informer: source, keys: ({ metadata: { name } }) => [name] }],
      reconcile: async () => await Promise.resolve({}),
      log: { debug: add("debug"), info: add("info"), warn: add("warn"), error: add("error") },
      clock,
      backoff: { firstMs: 10, longestMs: 100 },
      metrics: registerRuntimeMetrics(registry).controller("test"),
      ...more,
    },
    { api, stopping: stop.signal, lost: lost.signal, drainMs: 1_000 },
  );
  return { clock, stop, lost, log, ended, registry };
};

test("nothing is reconciled before the caches are synced, then everything is", async () => {
  const source = new Source("a", "b");
  const seen: string[] = [];
  const { stop, ended } = bench(source, {
    reconcile: async (key) => {
      seen.push(key);
      return await Promise.resolve({});
    },
  });
  await turn();
  assert.equal(seen.length, 0);
  source.sync.resolve();
  await turn();
  assert.deepEqual(seen.toSorted(), ["a", "b"]);
  for (const handler of source.handlers) void handler.updated?.(object("a", "2"), object("c"));
  await turn();
  assert.deepEqual(seen.slice(2).toSorted(), ["a", "c"]);
  stop.abort();
  await ended;
  assert.equal(source.handlers.size, 0);
});

test("a stop before the caches are synced ends it", async () => {
  const { stop, ended } = bench(new Source("a"), {});
  stop.abort();
  await ended;
});

test("a key that fails is retried with its backoff, and stops no other; a terminal error is not retried", async () => {
  const source = new Source("bad", "good", "hopeless");
  source.sync.resolve();
  const seen: string[] = [];
  const { clock, stop, log, ended, registry } = bench(source, {
    concurrency: 1,
    reconcile: async (key) => {
      seen.push(key);
      if (key === "bad" && seen.filter((one) => one === "bad").length < 3)
        throw new Error("not yet");
      if (key === "hopeless") throw new TerminalError("never");
      return await Promise.resolve(key === "good" ? { requeueAfterMs: 60_000 } : {});
    },
  });
  await turn();
  assert.deepEqual(seen, ["bad", "good", "hopeless"]);
  for (let count = 0; count < 5; count++) {
    clock.pass(100);
    await turn();
  }
  assert.deepEqual(seen.slice(3), ["bad", "bad"]);
  assert.deepEqual(log, [
    "warn bad reconcile failed, retrying",
    "error hopeless reconcile failed; retried when something changes",
    "warn bad reconcile failed, retrying",
  ]);
  clock.pass(60_000);
  await turn();
  assert.deepEqual(seen.slice(5), ["good"]);
  const metrics = await registry.metrics();
  for (const line of [
    'controller_runtime_reconcile_total{controller="test",result="error"} 3',
    'controller_runtime_reconcile_total{controller="test",result="success"} 1',
    'controller_runtime_reconcile_total{controller="test",result="requeue_after"} 2',
    'controller_runtime_reconcile_errors_total{controller="test"} 3',
    'controller_runtime_reconcile_time_seconds_count{controller="test"} 6',
    'workqueue_adds_total{name="test"} 6',
    'workqueue_depth{name="test"} 0',
    'workqueue_retries_total{name="test"} 2',
    'workqueue_queue_duration_seconds_count{name="test"} 6',
    'workqueue_work_duration_seconds_count{name="test"} 6',
  ])
    assert.ok(metrics.split("\n").includes(line), `${line} is missing in\n${metrics}`);
  stop.abort();
  await ended;
});

test("a stop lets what is being reconciled end, takes nothing new, and aborts what takes too long", async () => {
  const source = new Source("quick", "slow", "waiting");
  source.sync.resolve();
  const begun: string[] = [];
  const done: string[] = [];
  const quick = Promise.withResolvers<void>();
  const { clock, stop, ended, log } = bench(source, {
    concurrency: 2,
    reconcile: async (key, { signal }) => {
      begun.push(key);
      if (key === "quick") await quick.promise;
      else await new Promise((resolve) => signal.addEventListener("abort", resolve));
      done.push(`${key} ${signal.aborted}`);
      return {};
    },
  });
  await turn();
  stop.abort();
  await turn();
  quick.resolve();
  await turn();
  assert.deepEqual(done, ["quick false"]);
  clock.pass(1_000);
  await ended;
  assert.deepEqual(begun, ["quick", "slow"]);
  assert.deepEqual(done, ["quick false", "slow true"]);
  assert.equal(log.length, 1);
  assert.equal(clock.timers, 0);
});

test("lost leadership aborts what is being reconciled at once", async () => {
  const source = new Source("a");
  source.sync.resolve();
  const { lost, ended } = bench(source, {
    reconcile: async (_key, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw new Error("aborted");
    },
  });
  await turn();
  lost.abort();
  await ended;
});
