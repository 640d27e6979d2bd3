/** A quantity of a process over time. */
export interface Trend {
  /** In the second sixth of the samples: the first sixth is the warm-up. */
  readonly early: number;
  /** In the last third. */
  readonly late: number;
  /** What `late` may be at most. */
  readonly limit: number;
  readonly isFlat: boolean;
}

/** What stands for the samples of a period, and how much it may rise without growing. */
export interface Rule {
  readonly quantile: number;
  readonly share: number;
  readonly fixed: number;
}

/**
 * The median of what is in use after a collection: nothing but a leak raises it for long; it was within 2 MiB in runs of minutes.
 * A leak of 1 KiB a request, at 200 requests a second for ten minutes, is 68 MiB.
 */
export const heapRule: Rule = { quantile: 0.5, share: 0.1, fixed: 8 * 1024 * 1024 };

/**
 * The median of resident memory. V8 lets its heap grow before it collects, the more the less of a processor it gets, and gives
 * little back: on a machine with ten times the load that it has processors for, it rose by a third without a leak. What this
 * finds is memory outside of the heap.
 */
export const memoryRule: Rule = { quantile: 0.5, share: 0.25, fixed: 48 * 1024 * 1024 };

/**
 * The lowest decile: how many connections are open at a time, and how many incarnations, is noise that adds to what is always
 * open, and a leak raises that. One descriptor a deploy is more than a hundred in ten minutes.
 */
export const descriptorRule: Rule = { quantile: 0.1, share: 0.1, fixed: 16 };

/** Too few samples to tell anything. */
const minSamples = 24;

/** So neither a collection nor a burst decides. Undefined where there are too few samples. */
export function trendOf(samples: readonly number[], rule: Rule): Trend | undefined {
  const count = samples.length;
  if (count < minSamples) return undefined;
  const { fixed, quantile, share } = rule;
  const early = quantileOf(samples.slice(Math.floor(count / 6), Math.floor(count / 3)), quantile);
  const late = quantileOf(samples.slice(Math.floor((count * 2) / 3)), quantile);
  const limit = Math.round(early * (1 + share) + fixed);
  return { early, late, limit, isFlat: late <= limit };
}

function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length * quantile)] ?? 0;
}
