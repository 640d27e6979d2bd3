export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly random?: (() => number) | undefined;
}

/** Pause before the next try after so many failures: doubles, half of it at random. */
export function backoffMs(
  failures: number,
  { firstMs, longestMs, random = Math.random }: Backoff,
): number {
  const full = Math.min(firstMs * 2 ** Math.min(failures, 20), longestMs);
  return Math.round(full * (0.5 + 0.5 * random()));
}
