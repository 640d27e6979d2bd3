import assert from "node:assert/strict";
import { test } from "node:test";
import { effectOf } from "./rules.ts";
import { describeStep, scheduleOf } from "./schedule.ts";
import { freshWorld, servingKey, type World } from "./world.ts";

const texts = (seed: number, from: number): readonly string[] =>
  Array.from({ length: 50 }, (_, nth) =>
    scheduleOf(seed, from + nth).steps.map(describeStep),
  ).flat();

test("a schedule follows from seed and number alone", () => {
  assert.deepEqual(texts(7, 0), texts(7, 0));
  assert.notDeepEqual(texts(7, 0), texts(8, 0));
  assert.notDeepEqual(texts(7, 0), texts(7, 1));
});

test("schedules hold every operation and every fault", () => {
  const steps = Array.from({ length: 200 }, (_, nth) => scheduleOf(1, nth).steps).flat();
  const kinds = new Set(steps.map(({ operation }) => operation.kind));
  assert.equal(kinds.size, 14, [...kinds].join(", "));
  const faults = new Set(
    steps.flatMap((step) =>
      step.faults.map((fault) => `${fault.target} ${fault.stopMs === undefined}`),
    ),
  );
  assert.equal(faults.size, 16, [...faults].join(", "));
});

test("the model: a deploy with an environment is two writes, its deletion takes what only it held", () => {
  const start: World = freshWorld({ back: { generation: 0, version: "main@0" } });
  const during = { min: 0, max: 0 };
  const { after } = effectOf(
    start,
    {
      kind: "deploy",
      service: "back",
      key: "mp-1",
      version: "mp-1@0",
      environment: "ops",
      replace: false,
      wait: true,
    },
    during,
  );
  assert.equal(after.length, 2);
  const [variantAlone = start, both = start] = after;
  assert.equal(servingKey(variantAlone, "back", { environment: "ops" }), "stable");
  assert.equal(servingKey(both, "back", { environment: "ops" }), "mp-1");
  const gone = effectOf(both, { kind: "env delete", name: "ops", keep: false }, during).after;
  assert.deepEqual(gone, [start]);
});
