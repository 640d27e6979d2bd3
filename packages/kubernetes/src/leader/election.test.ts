import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KubeObject } from "../object.ts";
import { decide, isHeldBy, observe, released } from "./election.ts";

const lease = (spec: Readonly<Record<string, unknown>>): KubeObject => ({
  metadata: { name: "l", uid: "u", resourceVersion: "1" },
  spec,
});
const me = { identity: "me", leaseSeconds: 15, wallNow: Date.UTC(2026, 0, 2) };

const written = (before: KubeObject, now = 0): Readonly<Record<string, unknown>> => {
  const decision = decide(me, before, observe(undefined, before, now), now);
  assert.ok(decision.kind === "write");
  return decision.lease["spec"] as Readonly<Record<string, unknown>>;
};

test("a new or released lease is taken at once, and says who leads since when", () => {
  for (const before of [
    lease({}),
    lease({ holderIdentity: "", leaseTransitions: 4 }),
    { metadata: { name: "l" } },
  ])
    assert.deepEqual(written(before), {
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-02T00:00:00.000000Z",
      renewTime: "2026-01-02T00:00:00.000000Z",
      leaseTransitions:
        before["spec"] !== undefined && "leaseTransitions" in (before["spec"] as object) ? 5 : 1,
    });
});

test("a renewal moves nothing but its time, and keeps fields of others", () => {
  const spec = { holderIdentity: "me", acquireTime: "then", leaseTransitions: 3, strategy: "x" };
  const { renewTime, ...rest } = written(lease(spec));
  assert.equal(renewTime, "2026-01-02T00:00:00.000000Z");
  assert.deepEqual(rest, { ...spec, leaseDurationSeconds: 15 });
});

test("every renewal differs from the last, also by a clock that stands or runs back", () => {
  const spec = { holderIdentity: "me", renewTime: "2026-01-02T00:00:00.000000Z" };
  const times = [me.wallNow, 0].map((wallNow) => {
    const decision = decide({ ...me, wallNow }, lease(spec), { record: "", seenAt: 0 }, 0);
    return decision.kind === "write" && (decision.lease["spec"] as { renewTime: string }).renewTime;
  });
  assert.deepEqual(times, Array(2).fill("2026-01-02T00:00:00.001000Z"));
});

test("a held lease is taken when it was seen unchanged for as long as its holder promised, never before", () => {
  const held = lease({ holderIdentity: "other", leaseDurationSeconds: 30, renewTime: "1970" });
  const seen = observe(undefined, held, 1_000);
  assert.deepEqual(decide(me, held, seen, 30_999), {
    kind: "wait",
    holder: "other",
    untilMs: 31_000,
  });
  assert.equal(decide(me, held, seen, 31_000).kind, "write");
});

test("any change of the record begins the waiting anew; its resourceVersion alone does not", () => {
  const first = lease({ holderIdentity: "other", renewTime: "a" });
  const seen = observe(undefined, first, 0);
  const labelled = { ...first, metadata: { ...first.metadata, resourceVersion: "2" } };
  assert.equal(observe(seen, labelled, 10).seenAt, 0);
  assert.equal(observe(seen, lease({ holderIdentity: "other", renewTime: "b" }), 10).seenAt, 10);
  const recreated = { ...first, metadata: { ...first.metadata, uid: "v" } };
  assert.equal(observe(seen, recreated, 10).seenAt, 10);
});

test("a released lease is held by nobody", () => {
  const after = released(lease({ holderIdentity: "me", leaseTransitions: 3 }), 0);
  assert.ok(!isHeldBy(after, "me"));
  assert.equal(
    decide({ ...me, identity: "other" }, after, observe(undefined, after, 0), 0).kind,
    "write",
  );
});

test("whatever a lease says, its wall clock times change no decision", () => {
  const time = fc.oneof(
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.string(),
  );
  fc.assert(
    fc.property(
      time,
      time,
      fc.nat(60_000),
      fc.integer(),
      (renewTime, acquireTime, now, wallNow) => {
        const held = lease({
          holderIdentity: "other",
          leaseDurationSeconds: 20,
          renewTime,
          acquireTime,
        });
        const decision = decide(
          { ...me, wallNow: Math.abs(wallNow) },
          held,
          observe(undefined, held, 0),
          now,
        );
        assert.equal(decision.kind, now < 20_000 ? "wait" : "write");
      },
    ),
  );
});
