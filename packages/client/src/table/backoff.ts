export interface BackoffOptions {
  /** Of the first retry, at most. Default 100 ms. */
  readonly firstMs?: number | undefined;
  /** Of any retry, at most. Default 2,000 ms. */
  readonly maxMs?: number | undefined;
}

/** Time to wait before retry number `failures` (from 1): doubles, and lies between half and all of it by chance. */
export function retryDelay(failures: number, options: BackoffOptions, chance: number): number {
  const { firstMs = 100, maxMs = 2000 } = options;
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return whole / 2 + (whole / 2) * chance;
}
