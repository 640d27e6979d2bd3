/** The recent exits of a process that should keep running. */
export interface RestartHistory {
  /** When it ended, in milliseconds. */
  readonly failures: readonly number[];
  readonly isLooping: boolean;
}

/** When it is restarted. */
export interface RestartDecision {
  readonly kind: "restart" | "crashLoop";
  readonly afterMs: number;
  /** For the next decision. */
  readonly history: RestartHistory;
}

export const noFailures: RestartHistory = { failures: [], isLooping: false };

const windowMs = 60_000;
const failuresInWindow = 5;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * The backoff doubles from 100 ms. Five failures within 60 s are a crash loop; then it is restarted once a minute, until a
 * run lasts for a minute. All times are of one monotonic clock.
 */
export function decideRestart(
  before: RestartHistory,
  { endedAt, startedAt }: { readonly startedAt: number; readonly endedAt: number },
): RestartDecision {
  const recent = before.failures.filter((at) => endedAt - at < windowMs);
  const failures = [...recent, endedAt];
  const stillLooping = before.isLooping && endedAt - startedAt < windowMs;
  if (stillLooping || failures.length >= failuresInWindow) {
    return { kind: "crashLoop", afterMs: windowMs, history: { failures, isLooping: true } };
  }
  const afterMs = Math.min(firstPauseMs * 2 ** (failures.length - 1), longestPauseMs);
  return { kind: "restart", afterMs, history: { failures, isLooping: false } };
}
