/** What follows the end of a process that should have gone on. */
export type RestartDecision =
  | { readonly kind: "restart"; readonly afterMs: number }
  | { readonly kind: "crashLoop"; readonly afterMs: number };

const windowMs = 60_000;
const failuresInWindow = 5;
const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * Pauses double from 100 ms; five failures within 60 s are a crash loop, and then it is tried once a minute.
 * `failures` are the moments of this and earlier ends, in milliseconds.
 */
export function decideRestart(failures: readonly number[], now: number): RestartDecision {
  const recent = recentFailures(failures, now).length;
  if (recent >= failuresInWindow) return { kind: "crashLoop", afterMs: windowMs };
  return {
    kind: "restart",
    afterMs: Math.min(firstPauseMs * 2 ** Math.max(0, recent - 1), longestPauseMs),
  };
}

/** Those that still count. */
export function recentFailures(failures: readonly number[], now: number): readonly number[] {
  return failures.filter((at) => now - at < windowMs);
}
