import assert from "node:assert/strict";
import { test } from "node:test";
import { abba, estimate, ratio } from "./paired.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

test("an interval by ranks holds the median in 95 of 100 runs", () => {
  // The table of the sign test: of 9 values the second to the eighth, of 20 the sixth to the fifteenth.
  assert.deepEqual(estimate(upTo(3)), { median: 2, low: 1, high: 3 });
  assert.deepEqual(estimate(upTo(6)), { median: 3.5, low: 1, high: 6 });
  assert.deepEqual(estimate(upTo(9).toReversed()), { median: 5, low: 2, high: 8 });
  assert.deepEqual(estimate(upTo(20)), { median: 10.5, low: 6, high: 15 });
});

test("what changes steadily falls on both sides alike", async () => {
  let speed = 100;
  const slower = (): Promise<number> => Promise.resolve(speed--);
  assert.equal(ratio(await abba(slower, slower), Number), 1);
});
