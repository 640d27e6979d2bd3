/** Timing of the planners, in milliseconds. */
export interface Policy {
  /** A supervised workload that was never ready fails after this time. Does not apply to the only stable incarnation. */
  readonly startDeadlineMs: number;
  /** The only stable incarnation is retried this long after it failed. */
  readonly stableRetryMs: number;
  /** How often an expiry that waits for uncommitted work is checked again. */
  readonly expiryRetryMs: number;
  /** `Expiring` becomes true this long before the end. */
  readonly expiresSoonMs: number;
}

export const defaultPolicy: Policy = {
  startDeadlineMs: 600_000,
  stableRetryMs: 60_000,
  expiryRetryMs: 60_000,
  expiresSoonMs: 3_600_000,
};
