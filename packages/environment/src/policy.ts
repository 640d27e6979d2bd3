/** Times the planners keep to, in milliseconds. */
export interface Policy {
  /** A supervised workload that was never ready ends after this, where something else may end it: never stable's only one. */
  readonly startDeadlineMs: number;
  /** Stable with nothing else to serve is tried again this long after it failed. */
  readonly stableRetryMs: number;
  /** Uncommitted work that holds up an expiry is looked at again this often. */
  readonly expiryRetryMs: number;
  /** `Expiring` is true from this long before the end. */
  readonly expiresSoonMs: number;
}

export const defaultPolicy: Policy = {
  startDeadlineMs: 600_000,
  stableRetryMs: 60_000,
  expiryRetryMs: 60_000,
  expiresSoonMs: 3_600_000,
};
