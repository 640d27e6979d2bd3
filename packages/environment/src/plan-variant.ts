import type { Action } from "./action.ts";
import { assume } from "./assume.ts";
import type { VariantSpec } from "./object.ts";
import type { Facts } from "./observed.ts";
import { mustKeepRetrying } from "./record-steps.ts";
import { derive } from "./serving.ts";
import { isOnlyStable, nextSteps } from "./variant-steps.ts";

/** The next actions for one object. */
export interface Plan {
  /** Independent actions that can start now. Empty: there is nothing to do but wait. */
  readonly ready: readonly Action[];
  /** When a deadline or a lifetime may change the plan. */
  readonly planAgainAt: number | undefined;
}

/** Guards against a plan that never converges. The longest one measured has 30 actions. */
const maxWaves = 200;

/**
 * The plan for one `service:key`. Pure: the executor executes the `ready` actions, and plans again whenever a fact changed.
 */
export function planVariant(facts: Facts): Plan {
  return { ready: nextSteps(facts), planAgainAt: planAgainAt(facts) };
}

/** All steps to the desired state if nothing fails, in order, for a dry run. */
export function wholePlan(start: Facts): readonly Action[] {
  const actions: Action[] = [];
  let facts = start;
  let wave = nextSteps(facts);
  for (let count = 0; wave.length > 0; count++) {
    if (count === maxWaves) throw new Error(`the plan never converges: ${JSON.stringify(wave)}`);
    actions.push(...wave);
    facts = wave.reduce(assume, facts);
    wave = nextSteps(facts);
  }
  return actions;
}

function planAgainAt(facts: Facts): number | undefined {
  const { desired, observed } = facts;
  const { failed, isDesired } = derive(desired, observed);
  if (desired === undefined || !isDesired) return undefined;
  const failure = failed?.record.failure;
  const times = [...lifetimeTimes(facts, desired.spec), ...deadlines(facts)];
  if (failure !== undefined && isOnlyStable(observed)) {
    times.push(failure.at + facts.policy.stableRetryMs);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}

function lifetimeTimes(
  { observed, now, policy }: Facts,
  { expiresAt }: Pick<VariantSpec, "expiresAt">,
): number[] {
  if (expiresAt === undefined) return [];
  if (expiresAt <= now && observed.wouldLoseWork) return [now + policy.expiryRetryMs];
  const soon = expiresAt - policy.expiresSoonMs;
  return soon > now ? [soon, expiresAt] : [expiresAt];
}

function deadlines(facts: Facts): readonly number[] {
  return facts.observed.incarnations
    .filter(({ record, workload }) => record.state === "PENDING" && workload.isExternal !== true)
    .filter((each) => !mustKeepRetrying(facts, each))
    .map(({ record }) => record.createdAt + facts.policy.startDeadlineMs);
}
