import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@cocktail/work-queue/testing";
import { EventAggregate, type EventLimits } from "./event-aggregate.ts";

const limits: EventLimits = {
  seriesMs: 1_000,
  updateMs: 100,
  perSecond: 1,
  burst: 2,
  remembered: 3,
};
const bench = () => {
  const clock = new ManualClock();
  return { clock, aggregate: new EventAggregate(clock, limits) };
};

test("the first occurrence is an event, later ones are counted now and then, and after a rest it is a first one again", () => {
  const { clock, aggregate } = bench();
  assert.deepEqual(aggregate.occurred("k", "o"), { kind: "create" });
  aggregate.created("k", "name");
  assert.deepEqual(aggregate.occurred("k", "o"), { kind: "skip" });
  clock.pass(100);
  assert.deepEqual(aggregate.occurred("k", "o"), { kind: "count", name: "name", count: 3 });
  assert.deepEqual(aggregate.occurred("k", "o"), { kind: "skip" });
  clock.pass(1_001);
  assert.deepEqual(aggregate.occurred("k", "o"), { kind: "create" });
});

test("new events of one object are limited, those of others are not", () => {
  const { clock, aggregate } = bench();
  const kinds = ["a", "b", "c"].map((key) => aggregate.occurred(key, "o").kind);
  assert.deepEqual(kinds, ["create", "create", "skip"]);
  assert.equal(aggregate.occurred("d", "p").kind, "create");
  clock.pass(1_000);
  assert.equal(aggregate.occurred("c", "o").kind, "create");
});

test("an event that could not be written is a first one again, and memory is bounded", () => {
  const { aggregate } = bench();
  aggregate.occurred("a", "1");
  aggregate.forget("a");
  assert.equal(aggregate.occurred("a", "1").kind, "create");
  for (const key of ["b", "c", "d"]) aggregate.occurred(key, key);
  assert.equal(aggregate.occurred("d", "d").kind, "skip");
  assert.equal(aggregate.occurred("a", "x").kind, "create");
});
