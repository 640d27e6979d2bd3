import assert from "node:assert/strict";
import { test } from "node:test";
import { type Condition, setCondition } from "./conditions.ts";

const fact = {
  type: "Ready",
  status: "True",
  reason: "Serving",
  message: "",
  observedGeneration: 1,
} as const;
const at = (seconds: number) => Date.UTC(2026, 0, 1, 0, 0, seconds, 789);

test("the transition time moves with the status alone; other conditions and their fields stay", () => {
  const foreign = {
    ...fact,
    type: "Other",
    lastTransitionTime: "then",
    extra: "kept",
  } as Condition;
  const first = setCondition([foreign], fact, at(1));
  assert.deepEqual(first, [foreign, { ...fact, lastTransitionTime: "2026-01-01T00:00:01Z" }]);
  const second = setCondition(first, { ...fact, reason: "Probed", observedGeneration: 2 }, at(2));
  assert.equal(second[1]?.lastTransitionTime, "2026-01-01T00:00:01Z");
  assert.equal(second[1]?.reason, "Probed");
  const third = setCondition(second, { ...fact, status: "False" }, at(3));
  assert.equal(third[1]?.lastTransitionTime, "2026-01-01T00:00:03Z");
  assert.equal(third[0], foreign);
});

test("what changes nothing gives the very same list, so nothing need be written", () => {
  const conditions = setCondition([], fact, at(1));
  assert.equal(setCondition(conditions, { ...fact }, at(2)), conditions);
});
