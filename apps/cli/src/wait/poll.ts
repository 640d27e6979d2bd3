import { setTimeout as delay } from "node:timers/promises";
import { isTransient } from "../cocktail/api-errors.ts";

export interface PollOptions {
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
  /** Called with each transient error. */
  readonly onTransientError?: (message: string) => void;
}

/** How long the control plane may be unreachable, for example during a restart of its database. */
const outageToleranceMs = 20_000;

/**
 * Polls `read` until it returns a value; undefined on timeout. Polls fast at first: most waits are short. Throws the
 * signal's reason, permanent errors of `read`, and transient ones that last too long.
 */
export async function poll<T>(
  options: PollOptions,
  read: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const { signal, timeoutSeconds } = options;
  // Monotonic: the wall clock jumps when a laptop wakes.
  const now = (): number => performance.now();
  const began = now();
  const readOrRetry = tolerateOutage(options, now, read);
  for (;;) {
    signal.throwIfAborted();
    const value = await readOrRetry();
    if (value !== undefined) return value;
    const elapsed = now() - began;
    const left = timeoutSeconds * 1000 - elapsed;
    if (left <= 0) return undefined;
    await delay(Math.min(left, interval(elapsed)), undefined, { signal }).catch(() => {});
  }
}

/** Transient errors count as "no value yet", until the outage lasts too long. */
function tolerateOutage<T>(
  { signal, onTransientError }: PollOptions,
  now: () => number,
  read: () => Promise<T | undefined>,
): () => Promise<T | undefined> {
  let outageSince: number | undefined;
  return async () => {
    try {
      const value = await read();
      outageSince = undefined;
      return value;
    } catch (error) {
      outageSince ??= now();
      if (signal.aborted || now() - outageSince > outageToleranceMs || !(await isTransient(error)))
        throw error;
      onTransientError?.(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
}

function interval(elapsedMs: number): number {
  if (elapsedMs < 3000) return 50;
  return elapsedMs < 20_000 ? 200 : 500;
}
