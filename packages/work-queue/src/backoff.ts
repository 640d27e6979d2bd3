export interface BackoffOptions {
  /** Of the first retry, at most. */
  readonly firstMs: number;
  /** Of any retry, at most. */
  readonly longestMs: number;
  readonly random?: (() => number) | undefined;
}

/** Time to wait before the next try after so many failures, from 1: doubles, half of it at random. */
export function backoffMs(
  failures: number,
  { firstMs, longestMs, random = Math.random }: BackoffOptions,
): number {
  const full = Math.min(firstMs * 2 ** Math.min(failures - 1, 20), longestMs);
  return Math.round(full * (0.5 + 0.5 * random()));
}
