import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "./testing/index.ts";
import { TokenBucket } from "./token-bucket.ts";

test("a burst is free, then each token waits for its turn, and a rest fills it again", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ clock, perSecond: 10, burst: 2 });
  const take = (count: number) => Array.from({ length: count }, () => bucket.reserve());
  assert.deepEqual(take(4), [0, 0, 100, 200]);
  clock.pass(10_000);
  assert.deepEqual(take(3), [0, 0, 100]);
});

test("who only tries is refused without a token, and pays nothing for it", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ clock, perSecond: 1, burst: 1 });
  assert.deepEqual([bucket.tryTake(), bucket.tryTake(), bucket.tryTake()], [true, false, false]);
  clock.pass(1_000);
  assert.deepEqual([bucket.tryTake(), bucket.tryTake()], [true, false]);
});

test("whatever is taken when: never more in any window than the burst and the rate allow", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { minLength: 1, maxLength: 100 }), (gaps) => {
      const clock = new ManualClock();
      const bucket = new TokenBucket({ clock, perSecond: 10, burst: 3 });
      const due = gaps.map((gap) => {
        clock.pass(gap);
        return clock.now() + bucket.reserve();
      });
      for (const [from, first] of due.entries())
        for (const [more, last] of due.slice(from).entries())
          assert.ok(more + 1 <= 3 + ((last - first) * 10) / 1000 + 1e-6, `${first} to ${last}`);
    }),
  );
});
