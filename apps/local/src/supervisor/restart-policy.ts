/** The ends of a process that should have gone on, as far as they still count. */
export interface RestartHistory {
  /** When it ended, in milliseconds. */
  readonly failures: readonly number[];
  readonly isLooping: boolean;
}

/** When it is started again. */
export interface RestartDecision {
  readonly kind: "restart" | "crashLoop";
  readonly afterMs: number;
  /** For the decision after this one. */
  readonly history: RestartHistory;
}

export const noFailures: RestartHistory = { failures: [], isLooping: false };

const windowMs = 60_000;
const failuresInWindow = 5;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Pauses double from 100 ms; five failures within 60 s are a crash loop, and then it is tried once a minute, until a try
 * lasts for a minute. All times are of one clock, which nobody sets.
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
