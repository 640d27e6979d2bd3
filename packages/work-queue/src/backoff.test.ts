import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "./backoff.ts";

const limits = { firstMs: 100, longestMs: 2_000 };
const at = (failures: number, chance = 1): number =>
  backoffMs(failures, { ...limits, random: () => chance });

test("the wait for a retry doubles with each failure, up to its limit", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 1_000, Number.MAX_SAFE_INTEGER].map((failures) =>
    at(failures),
  );
  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000, 2_000]);
  assert.equal(backoffMs(3, { firstMs: 5, longestMs: 20, random: () => 1 }), 20);
});

test("readers that lost the same control plane don't come back together", () => {
  for (const failures of [1, 4, 20]) {
    const waits = [0, 0.5, 0.999].map((chance) => at(failures, chance));
    assert.equal(waits[0], at(failures) / 2);
    assert.ok(waits.every((wait) => wait >= at(failures) / 2 && wait <= at(failures)));
    assert.equal(new Set(waits).size, waits.length);
  }
});
