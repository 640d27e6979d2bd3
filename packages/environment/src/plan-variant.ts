import type { Action } from "./action.ts";
import { assume } from "./assume.ts";
import type { DesiredVariant } from "./desired.ts";
import type { ObservedVariant } from "./observed.ts";
import { type Policy, defaultPolicy } from "./policy.ts";
import { type Facts, hasDeadline, mustTryOn } from "./record-steps.ts";
import { isWanted, standingFailure } from "./serving.ts";
import { isLoneStable, nextSteps } from "./variant-steps.ts";

export interface Plan {
  /** Everything between now and what is wanted, in order, if nothing fails. Empty: there is nothing to do. */
  readonly actions: readonly Action[];
  /** The first of them: those that can begin at once, and don't wait for each other. */
  readonly ready: readonly Action[];
  /** When time alone may change the plan. */
  readonly planAgainAt: number | undefined;
}

/** A plan ends by itself; this only keeps a defect from spinning. The longest one measured has 30 actions. */
const maxWaves = 200;

/**
 * What is to be done for one `service:key`. Pure: the executor takes the `ready` actions, and plans again when one of them
 * had its effect or something else changed.
 */
export function planVariant(
  desired: DesiredVariant | undefined,
  observed: ObservedVariant,
  now: number,
  policy: Policy = defaultPolicy,
): Plan {
  const facts: Facts = { desired, observed, now, policy };
  const ready = nextSteps(facts);
  return { actions: wholePlan(facts, ready), ready, planAgainAt: planAgainAt(facts) };
}

function wholePlan(facts: Facts, first: readonly Action[]): readonly Action[] {
  const actions: Action[] = [];
  let wave = first;
  for (let count = 0; wave.length > 0; count++) {
    if (count === maxWaves) throw new Error(`a plan without end: ${JSON.stringify(wave)}`);
    actions.push(...wave);
    facts = wave.reduce(assume, facts);
    wave = nextSteps(facts);
  }
  return actions;
}

function planAgainAt(facts: Facts): number | undefined {
  const { desired, observed, now, policy } = facts;
  if (!isWanted(desired, observed.promoted)) return undefined;
  const times: number[] = [];
  if (desired.expiresAt !== undefined) {
    const isHeldUp = desired.expiresAt <= now && observed.uncommittedWork;
    times.push(isHeldUp ? now + policy.expiryRetryMs : desired.expiresAt);
    const soon = desired.expiresAt - policy.expiresSoonMs;
    if (soon > now) times.push(soon);
  }
  const failure = standingFailure(desired, observed)?.record.failure;
  if (failure !== undefined && isLoneStable(observed))
    times.push(failure.at + policy.stableRetryMs);
  for (const incarnation of observed.incarnations) {
    const { state, createdAt } = incarnation.record;
    if (state !== "PENDING" || !hasDeadline(facts) || mustTryOn(facts, incarnation)) continue;
    times.push(createdAt + policy.startDeadlineMs);
  }
  return times.length === 0 ? undefined : Math.min(...times);
}
