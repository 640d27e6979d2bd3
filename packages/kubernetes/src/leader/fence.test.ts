import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@cocktail/work-queue/testing";
import type { Api, ApiRequest } from "../api/api.ts";
import { Fence, fencedApi, LeadershipLost } from "./fence.ts";

const write: ApiRequest = { method: "PATCH", path: "/x" };

/** Sends when the test says so. */
class SlowApi implements Api {
  readonly sent: ApiRequest[] = [];
  readonly gate = Promise.withResolvers<void>();

  async request(request: ApiRequest): Promise<unknown> {
    await this.gate.promise;
    request.guard?.();
    this.sent.push(request);
    return {};
  }
  async stream(): Promise<AsyncIterable<string>> {
    return await Promise.reject(new Error("not used"));
  }
}

test("a fence holds until its deadline, which only renewals move", () => {
  const clock = new ManualClock();
  const fence = new Fence(clock, 10);
  clock.pass(9);
  fence.check();
  assert.ok(fence.extend(15));
  clock.pass(5);
  fence.check();
  assert.ok(!fence.signal.aborted);
  clock.pass(1);
  assert.ok(fence.signal.aborted);
  assert.throws(() => fence.check(), LeadershipLost);
  assert.equal(clock.timers, 0);
});

test("a fence that was lost stays lost, whatever arrives late", () => {
  const clock = new ManualClock();
  const fence = new Fence(clock, 10);
  clock.pass(10);
  assert.equal(fence.extend(100), false);
  assert.throws(() => fence.check(), LeadershipLost);
});

test("a process that was paused past the deadline finds the fence lost before any timer ran", () => {
  let now = 0;
  // No timer fires while the process stands.
  const fence = new Fence({ now: () => now, after: () => () => undefined }, 10);
  now = 11;
  assert.equal(fence.signal.aborted, false);
  assert.throws(() => fence.check(), LeadershipLost);
  assert.equal(fence.signal.aborted, true);
});

test("a late renewal that promises less takes nothing away", () => {
  const clock = new ManualClock();
  const fence = new Fence(clock, 10);
  fence.extend(5);
  clock.pass(9);
  fence.check();
});

test("a write checks the fence when it is sent, not when it is asked for; reads pass", async () => {
  const clock = new ManualClock();
  const api = new SlowApi();
  const fence = new Fence(clock, 10);
  const fenced = fencedApi(api, fence);
  const late = fenced.request(write);
  const read = fenced.request({ method: "GET", path: "/x" });
  clock.pass(10);
  api.gate.resolve();
  await assert.rejects(late, LeadershipLost);
  await read;
  assert.deepEqual(
    api.sent.map(({ method }) => method),
    ["GET"],
  );
});

test("a write under way is aborted when the fence is lost, besides by its own signal", async () => {
  const clock = new ManualClock();
  const api = new SlowApi();
  api.gate.resolve();
  const fence = new Fence(clock, 10);
  const own = new AbortController();
  await fencedApi(api, fence).request({ ...write, signal: own.signal });
  await fencedApi(api, fence).request(write);
  assert.equal(api.sent[0]?.signal?.aborted, false);
  clock.pass(10);
  for (const { signal } of api.sent) assert.equal(signal?.aborted, true);
  assert.ok(api.sent[0]?.signal?.reason instanceof LeadershipLost);
});
