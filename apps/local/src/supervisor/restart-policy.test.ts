import assert from "node:assert/strict";
import { test } from "node:test";
import { decideRestart, recentFailures } from "./restart-policy.ts";

test("pauses double from 100 ms", () => {
  const pauses = [1, 2, 3, 4].map((count) =>
    decideRestart(
      Array.from({ length: count }, () => 0),
      0,
    ),
  );
  assert.deepEqual(
    pauses.map(({ afterMs }) => afterMs),
    [100, 200, 400, 800],
  );
  assert.ok(pauses.every(({ kind }) => kind === "restart"));
});

test("five failures within 60 s are a crash loop, tried once a minute", () => {
  const loop = { kind: "crashLoop", afterMs: 60_000 };
  assert.deepEqual(decideRestart([0, 1, 2, 3, 59_999], 59_999), loop);
  // The first one is a minute old by now.
  assert.equal(decideRestart([0, 1, 2, 3, 60_000], 60_000).kind, "restart");
});

test("what is older than a minute is forgotten", () => {
  assert.deepEqual(recentFailures([0, 1, 60_000], 60_000), [1, 60_000]);
});
