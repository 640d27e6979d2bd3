import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { emptyTable } from "@cocktail/route";
import { following } from "../../test/table-server.ts";
import { openTableReader, type TableReaderOptions } from "./reader.ts";
import type { TableEvent, TableSource } from "./source.ts";

const table = emptyTable("00000001");
const next = following(table, "r1");

/** Every connection as the test scripts it; `attempt` counts from 1. */
function scripted(
  connect: (attempt: number, signal: AbortSignal) => AsyncIterable<TableEvent>,
): TableSource {
  let attempts = 0;
  return {
    head: () => Promise.resolve(table),
    stream: (_, signal) => connect(++attempts, signal),
  };
}

/** Ends at the signal, as a connection on which nothing is said any more. */
async function silence(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  return await promise;
}

interface Loss {
  readonly level: "info" | "warn";
  readonly failures: unknown;
  readonly text: string;
}

function logged(losses: Loss[]): Pick<TableReaderOptions, "log" | "backoff"> {
  const at = (level: Loss["level"]) => (fields: object, text: string) =>
    void losses.push({ level, failures: Reflect.get(fields, "failures"), text });
  const nothing = (): void => undefined;
  const log = { debug: nothing, info: at("info"), warn: at("warn"), error: nothing };
  return { log, backoff: { firstMs: 1, longestMs: 1 } };
}

describe("a reader's clock", () => {
  test("an attempt that hangs and fails counts as a failure, a connection that lived begins anew", async (t) => {
    let now = 0;
    t.mock.method(performance, "now", () => now);
    const losses: Loss[] = [];
    const source = scripted(async function* (attempt, signal) {
      // A host that drops packets: nothing for half a minute, then a time-out.
      now += 30_000;
      if (attempt < 3) throw new Error("no answer in time");
      yield { kind: "table", table: attempt === 3 ? table : next };
      if (attempt > 3) await silence(signal);
      now += 30_000;
    });
    const reader = await openTableReader({ source, ...logged(losses) });
    await reader.waitFor(1);
    await reader.close();
    const empty = "there is no stream of the route table; there is no table yet";
    assert.deepEqual(losses, [
      { level: "info", failures: 1, text: empty },
      { level: "warn", failures: 2, text: empty },
      {
        level: "info",
        failures: 1,
        text: "there is no stream of the route table; the last table stays",
      },
    ]);
  });

  test("heartbeats keep a connection forever, silence ends it", async (t) => {
    const clock = fakeTimers(t);
    let beats = 0;
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const source = scripted(async function* (attempt, signal) {
      yield { kind: "table", table: attempt === 1 ? table : next };
      while (beats < 100 && !signal.aborted) {
        yield { kind: "alive" };
        clock.pass(900);
        beats++;
      }
      resolve();
      await silence(signal);
    });
    const losses: Loss[] = [];
    const reader = await openTableReader({ source, idleTimeoutMs: 1_000, ...logged(losses) });
    await heard;
    clock.pass(99);
    assert.deepEqual([beats, reader.connected], [100, true]);
    clock.pass(1);
    for (let turn = 0; turn < 1_000 && reader.connected; turn++) await Promise.resolve();
    assert.equal(reader.connected, false);
    // The back-off.
    clock.pass(1);
    await reader.waitFor(1);
    assert.equal(losses.length, 1);
    await reader.close();
    assert.equal(clock.timers.size, 0);
  });
});

interface FakeTimer {
  readonly ms: number;
  readonly done: () => void;
  due: number;
  refresh(): void;
}

/** Timers that end when the test says so. Those of node:test can't be refreshed. */
function fakeTimers(t: TestContext): {
  readonly timers: ReadonlySet<FakeTimer>;
  pass(ms: number): void;
} {
  const timers = new Set<FakeTimer>();
  let now = 0;
  t.mock.method(globalThis, "setTimeout", (done: () => void, ms: number) => {
    const timer: FakeTimer = {
      ms,
      done,
      due: now + ms,
      refresh: () => void (timer.due = now + ms),
    };
    timers.add(timer);
    return timer;
  });
  t.mock.method(globalThis, "clearTimeout", (timer: FakeTimer) => void timers.delete(timer));
  return {
    timers,
    pass(ms) {
      now += ms;
      for (const timer of timers) {
        if (timer.due > now) continue;
        timers.delete(timer);
        timer.done();
      }
    },
  };
}
