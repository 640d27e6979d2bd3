import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./until.ts";

test("the first value that is neither undefined nor false is returned, 0 and the empty text too", async () => {
  const answers = [undefined, false, "third"];
  assert.equal(await until("the third", () => answers.shift()), "third");
  assert.equal(await until("0", async () => await Promise.resolve(0)), 0);
  assert.equal(await until("a text", () => ""), "");
});

test("after the deadline the error says what was awaited and what was seen last", async () => {
  const never = { ms: 20, everyMs: 1 };
  await assert.rejects(
    until("the end", () => false, never),
    {
      message: "waited 20 ms for the end; seen last: false",
    },
  );
  let count = 0;
  const look = (): boolean => (count++, false);
  await assert.rejects(until("it", look, { ...never, seen: () => ({ probed: count > 1 }) }), {
    message: "waited 20 ms for it; seen last: { probed: true }",
  });
  const long = { ...never, seen: () => `${"x".repeat(9_000)} the last line` };
  await assert.rejects(
    until("it", () => undefined, long),
    /seen last: \.\.\. x+ the last line$/,
  );
});

test("the default deadline is that of COCKTAIL_TEST_DEADLINE_MS", async (t) => {
  const before = process.env["COCKTAIL_TEST_DEADLINE_MS"];
  t.after(() => {
    if (before === undefined) delete process.env["COCKTAIL_TEST_DEADLINE_MS"];
    else process.env["COCKTAIL_TEST_DEADLINE_MS"] = before;
  });
  process.env["COCKTAIL_TEST_DEADLINE_MS"] = "7";
  await assert.rejects(
    until("it", () => false),
    /^Error: waited 7 ms for it;/,
  );
});

test("a probe that throws ends the waiting, or is repeated where that was asked for", async () => {
  const failing = (): never => {
    throw new Error("refused");
  };
  await assert.rejects(until("it", failing), { message: "refused" });
  const patient = { ms: 20, everyMs: 1, retryErrors: true };
  await assert.rejects(until("it", failing, patient), (error: unknown) => {
    assert.ok(error instanceof Error && error.cause instanceof Error);
    assert.match(error.message, /^waited 20 ms for it; seen last: Error: refused/);
    return error.cause.message === "refused";
  });
  let count = 0;
  const second = (): number => (count++ === 0 ? failing() : count);
  assert.equal(await until("the second", second, patient), 2);
});
