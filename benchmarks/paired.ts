/** What many ratios say: their median, and an interval that holds the true one in at least 95 of 100 runs. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * By ranks alone (that of the sign test), so that one slow second moves nothing. Of fewer than six values the interval is
 * all of them.
 */
export function estimate(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b);
  const { length } = sorted;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const median = (at(Math.floor((length - 1) / 2)) + at(Math.floor(length / 2))) / 2;
  // How many can be left out at each end: the chance that the true median is among them must stay below 5 %.
  let outside = 0;
  let chance = 2 ** -length;
  for (let tail = chance; 2 * tail <= 0.05 && outside < length / 2;) {
    outside++;
    chance = (chance * (length - outside + 1)) / outside;
    tail += chance;
  }
  const skip = Math.max(outside - 1, 0);
  return { median, low: at(skip), high: at(length - 1 - skip) };
}

/** Two rounds of each side. */
export interface Pair<T> {
  readonly base: readonly [T, T];
  readonly other: readonly [T, T];
}

/**
 * One comparison: base, other, other, base, so that what the machine does meanwhile, and whatever gets better or worse
 * with time, falls on both alike.
 */
export async function abba<T>(base: () => Promise<T>, other: () => Promise<T>): Promise<Pair<T>> {
  const first = await base();
  const between = [await other(), await other()] as const;
  return { base: [first, await base()], other: between };
}

/** The other side over the base. */
export function ratio<T>({ base, other }: Pair<T>, value: (one: T) => number): number {
  return (value(other[0]) + value(other[1])) / (value(base[0]) + value(base[1]));
}
