import assert from "node:assert/strict";
import { test } from "node:test";
import { lifecycleEvents, transition } from "./transition.ts";
import { type VariantState, variantStates } from "./incarnation.ts";

/** The table of the design, as it is written there; `-` stays. Events in the order of `lifecycleEvents`. */
const design: Readonly<Record<VariantState, string>> = {
  PENDING: "ACTIVE GONE GONE GONE - - - -",
  ACTIVE: "- - DRAINING DRAINING SUSPENDED - - -",
  SUSPENDED: "- - ADOPTED ADOPTED - ACTIVE - ADOPTED",
  DRAINING: "- - - - - - GONE ADOPTED",
  ADOPTED: "- - - - - - GONE -",
  GONE: "- - - - - - - -",
};

test("every state handles every event as in the table of the design", () => {
  for (const state of variantStates) {
    const cells = design[state].split(" ");
    assert.equal(cells.length, lifecycleEvents.length);
    for (const [at, event] of lifecycleEvents.entries()) {
      const wanted = cells[at] === "-" ? state : cells[at];
      assert.equal(transition(state, event), wanted, `${state} ${event}`);
    }
  }
});

test("an active incarnation that isn't running is adopted, not drained", () => {
  assert.equal(transition("ACTIVE", "destroyed", false), "ADOPTED");
  assert.equal(transition("ACTIVE", "replaced", false), "ADOPTED");
  assert.equal(transition("PENDING", "destroyed", false), "GONE");
  assert.equal(transition("SUSPENDED", "readersBack", false), "ACTIVE");
});

test("GONE is final and reachable from every state", () => {
  for (const event of lifecycleEvents) assert.equal(transition("GONE", event), "GONE");
  for (const state of variantStates) {
    const seen = new Set<VariantState>([state]);
    for (const each of seen) for (const event of lifecycleEvents) seen.add(transition(each, event));
    assert.ok(seen.has("GONE"), state);
  }
});
