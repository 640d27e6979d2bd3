import assert from "node:assert/strict";
import { test } from "node:test";
import { decideRestart, noFailures, type RestartDecision } from "./restart-policy.ts";

/** The decisions for a process that lives so long each time, started again when they say so. */
function lives(...lifetimes: readonly number[]): readonly RestartDecision[] {
  let now = 0;
  let history = noFailures;
  return lifetimes.map((lifetime) => {
    const startedAt = now;
    const decision = decideRestart(history, { startedAt, endedAt: startedAt + lifetime });
    now = startedAt + lifetime + decision.afterMs;
    history = decision.history;
    return decision;
  });
}

const kinds = (...lifetimes: readonly number[]): string =>
  lives(...lifetimes)
    .map(({ kind }) => kind)
    .join(" ");

test("pauses double from 100 ms", () => {
  const decisions = lives(0, 0, 0, 0);
  assert.deepEqual(
    decisions.map(({ afterMs }) => afterMs),
    [100, 200, 400, 800],
  );
  assert.ok(decisions.every(({ kind }) => kind === "restart"));
});

test("five failures within 60 s are a crash loop", () => {
  assert.equal(kinds(0, 0, 0, 0, 0), "restart restart restart restart crashLoop");
  // The first one is a minute old when the fifth comes.
  assert.equal(kinds(0, 0, 0, 0, 59_000), "restart restart restart restart restart");
});

test("a crash loop is tried once a minute, and not five times, until a try lasts", () => {
  const decisions = lives(0, 0, 0, 0, 0, 10, 59_999, 0, 60_000, 0);
  assert.deepEqual(
    decisions.slice(4).map(({ afterMs, kind }) => [kind, afterMs]),
    [
      ["crashLoop", 60_000],
      ["crashLoop", 60_000],
      ["crashLoop", 60_000],
      ["crashLoop", 60_000],
      ["restart", 100],
      ["restart", 200],
    ],
  );
});

test("what is older than a minute is forgotten", () => {
  assert.deepEqual(lives(0, 60_000).at(-1)?.history.failures, [60_100]);
  const long = lives(...Array.from({ length: 100 }, () => 20_000));
  assert.ok((long.at(-1)?.history.failures.length ?? 0) < 5, "nothing is collected");
});
