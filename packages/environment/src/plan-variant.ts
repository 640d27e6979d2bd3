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

function wholePlan(start: Facts, first: readonly Action[]): readonly Action[] {
  const actions: Action[] = [];
  let facts = start;
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
  const { desired, observed } = facts;
  if (!isWanted(desired, observed.promoted)) return undefined;
  const times = [
    ...lifetimeTimes(facts, desired.expiresAt),
    ...retryTimes(facts, desired),
    ...deadlines(facts),
  ];
  return times.length === 0 ? undefined : Math.min(...times);
}

function lifetimeTimes(
  { observed, now, policy }: Facts,
  expiresAt: number | undefined,
): readonly number[] {
  if (expiresAt === undefined) return [];
  if (expiresAt <= now && observed.uncommittedWork) return [now + policy.expiryRetryMs];
  const soon = expiresAt - policy.expiresSoonMs;
  return soon > now ? [soon, expiresAt] : [expiresAt];
}

function retryTimes({ observed, policy }: Facts, desired: DesiredVariant): readonly number[] {
  const failure = standingFailure(desired, observed)?.record.failure;
  return failure === undefined || !isLoneStable(observed)
    ? []
    : [failure.at + policy.stableRetryMs];
}

function deadlines(facts: Facts): readonly number[] {
  if (!hasDeadline(facts)) return [];
  return facts.observed.incarnations
    .filter((each) => each.record.state === "PENDING" && !mustTryOn(facts, each))
    .map(({ record }) => record.createdAt + facts.policy.startDeadlineMs);
}
