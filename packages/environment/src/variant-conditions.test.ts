import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPolicy } from "./policy.ts";
import { reasons } from "./reasons.ts";
import { stampConditions } from "./condition.ts";
import { variantConditions } from "./variant-conditions.ts";
import type { VariantObject } from "./object.ts";
import type { ObservedIncarnation, ObservedVariant, ObservedWorkload } from "./observed.ts";

const desired: VariantObject = {
  kind: "ServiceVariant",
  name: "cart:mp-1",
  uid: "u",
  version: "1",
  generation: 7,
  labels: {},
  createdAt: 0,
  spec: { service: "cart", key: "mp-1", rollout: 2, source: {}, onUnavailable: "Fail" },
};
const destination = "http://127.0.0.1:1";

function incarnation(
  number: number,
  workload: Partial<ObservedWorkload>,
  more: Partial<ObservedIncarnation["record"]> = {},
): ObservedIncarnation {
  return {
    ref: { service: "cart", key: "mp-1", incarnation: number },
    record: {
      number,
      rollout: number,
      state: "ACTIVE",
      revision: "abc",
      destination,
      host: "h",
      onUnavailable: "Fail",
      createdAt: 0,
      ...more,
    },
    workload: { phase: "Ready", message: "", ...workload },
    drain: "unknown",
    isRemoved: false,
  };
}

function observed(
  incarnations: readonly ObservedIncarnation[],
  route: Partial<ObservedVariant["route"]> = {},
): ObservedVariant {
  const entry = {
    incarnation: 2,
    tier: "branch",
    revision: "abc",
    destination,
    onUnavailable: "Fail",
  } as const;
  return {
    service: "cart",
    key: "mp-1",
    incarnations,
    lastIncarnation: 2,
    route: { entry, isHeld: false, changedAt: 5, acked: 5, probed: 2, ...route },
    promoted: undefined,
    wouldLoseWork: false,
    isReleased: false,
  };
}

function conditions(
  variant: VariantObject,
  facts: ObservedVariant,
): ReturnType<typeof variantConditions> {
  return variantConditions(variant, { observed: facts, now: 0, policy: defaultPolicy });
}

function ready(variant: VariantObject, facts: ObservedVariant, type = "Ready"): string {
  const found = conditions(variant, facts).find((each) => each.type === type);
  if (found !== undefined) assert.ok(Object.hasOwn(reasons, found.reason), found.reason);
  return found === undefined ? "none" : `${found.status} ${found.reason}`;
}

const cases: readonly (readonly [string, ObservedVariant, string])[] = [
  ["answered a request", observed([incarnation(2, {})]), "True Serving"],
  ["not made yet", observed([], { entry: undefined }), "False Deploying"],
  ["down", observed([incarnation(2, { phase: "NotReady" })]), "False NotReady"],
  ["not in the table", observed([incarnation(2, {})], { entry: undefined }), "False Publishing"],
  ["not acknowledged", observed([incarnation(2, {})], { acked: 4 }), "False AwaitingReaders"],
  ["not probed", observed([incarnation(2, {})], { probed: 1 }), "False Probing"],
  [
    "probed in vain",
    observed([incarnation(2, {})], { probed: undefined, probeFailure: "stable answered" }),
    "False ProbeFailed",
  ],
];
for (const [what, facts, wanted] of cases) {
  test(`a variant that is ${what} is ${wanted}`, () => {
    assert.equal(ready(desired, facts), wanted);
  });
}

test("a failed redeploy is not ready, and its message names the incarnation that serves", () => {
  const failure = { reason: "PrepareFailed", message: "npm ci ended with 1", at: 0 } as const;
  const facts = observed(
    [incarnation(1, {}), incarnation(2, { phase: "Absent" }, { state: "GONE", failure })],
    {
      entry: {
        incarnation: 1,
        tier: "branch",
        revision: "abc",
        destination,
        onUnavailable: "Fail",
      },
    },
  );
  assert.equal(ready(desired, facts), "False PrepareFailed");
  assert.equal(ready(desired, facts, "Degraded"), "True PreviousServes");
  const message = conditions(desired, facts)[0]?.message ?? "";
  assert.equal(message, "npm ci ended with 1; #1 still serves");
});

test("Expiring exists with a lifetime, and is true in its last hour", () => {
  const facts = observed([incarnation(2, {})]);
  const hour = 3_600_000;
  assert.equal(ready(desired, facts, "Expiring"), "none");
  const ending = (expiresAt: number): VariantObject => ({
    ...desired,
    spec: { ...desired.spec, expiresAt },
  });
  assert.equal(ready(ending(2 * hour), facts, "Expiring"), "False ExpiresLater");
  assert.equal(ready(ending(hour), facts, "Expiring"), "True ExpiresSoon");
});

test("every condition observes the current generation", () => {
  for (const { observedGeneration } of conditions(desired, observed([]))) {
    assert.equal(observedGeneration, 7);
  }
});

test("a condition's time is when its status last changed, not its reason", () => {
  const fact = { type: "Ready", message: "", observedGeneration: 1 } as const;
  const first = stampConditions([], [{ ...fact, status: "False", reason: "Starting" }], 1_000);
  const second = stampConditions(first, [{ ...fact, status: "False", reason: "CrashLoop" }], 2_000);
  assert.equal(second[0]?.lastTransitionTime, first[0]?.lastTransitionTime);
  assert.equal(second[0]?.reason, "CrashLoop");
  const third = stampConditions(second, [{ ...fact, status: "True", reason: "Serving" }], 3_000);
  assert.equal(third[0]?.lastTransitionTime, new Date(3_000).toISOString());
});
