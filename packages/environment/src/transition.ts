import type { VariantState } from "./incarnation.ts";

/** Events in the life of an incarnation. */
export const lifecycleEvents = [
  "ready",
  "failed",
  "destroyed",
  "replaced",
  "readersLost",
  "readersBack",
  "drained",
  "budgetOver",
] as const;
export type LifecycleEvent = (typeof lifecycleEvents)[number];

type Row = Readonly<Record<LifecycleEvent, VariantState>>;

/** A total function: a cell equal to its row means no transition. */
const table: Readonly<Record<VariantState, Row>> = {
  PENDING: {
    ready: "ACTIVE",
    failed: "GONE",
    destroyed: "GONE",
    replaced: "GONE",
    readersLost: "PENDING",
    readersBack: "PENDING",
    drained: "PENDING",
    budgetOver: "PENDING",
  },
  ACTIVE: {
    ready: "ACTIVE",
    failed: "ACTIVE",
    destroyed: "DRAINING",
    replaced: "DRAINING",
    readersLost: "SUSPENDED",
    readersBack: "ACTIVE",
    drained: "ACTIVE",
    budgetOver: "ACTIVE",
  },
  SUSPENDED: {
    ready: "SUSPENDED",
    failed: "SUSPENDED",
    destroyed: "ADOPTED",
    replaced: "ADOPTED",
    readersLost: "SUSPENDED",
    readersBack: "ACTIVE",
    drained: "SUSPENDED",
    budgetOver: "ADOPTED",
  },
  DRAINING: {
    ready: "DRAINING",
    failed: "DRAINING",
    destroyed: "DRAINING",
    replaced: "DRAINING",
    readersLost: "DRAINING",
    readersBack: "DRAINING",
    drained: "GONE",
    budgetOver: "ADOPTED",
  },
  ADOPTED: {
    ready: "ADOPTED",
    failed: "ADOPTED",
    destroyed: "ADOPTED",
    replaced: "ADOPTED",
    readersLost: "ADOPTED",
    readersBack: "ADOPTED",
    drained: "GONE",
    budgetOver: "ADOPTED",
  },
  GONE: {
    ready: "GONE",
    failed: "GONE",
    destroyed: "GONE",
    replaced: "GONE",
    readersLost: "GONE",
    readersBack: "GONE",
    drained: "GONE",
    budgetOver: "GONE",
  },
};

/**
 * The next state. If nothing of the incarnation is running, there is nothing to drain, and its heir adopts what it left.
 */
export function transition(
  state: VariantState,
  event: LifecycleEvent,
  isRunning: boolean = true,
): VariantState {
  const next = table[state][event];
  return state === "ACTIVE" && next === "DRAINING" && !isRunning ? "ADOPTED" : next;
}
