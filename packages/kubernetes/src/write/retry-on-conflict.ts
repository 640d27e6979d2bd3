import { backoffMs, type Clock, pause, systemClock } from "@cocktail/work-queue";
import { isConflict } from "../api/api-error.ts";

export interface ConflictRetries {
  readonly tries?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: (() => number) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const never = new AbortController().signal;

/** Repeats a write that was planned for an older state. `attempt` must read the object itself, each time. The last conflict is thrown. */
export async function retryOnConflict<T>(
  attempt: () => Promise<T>,
  { tries = 5, clock = systemClock, random, signal = never }: ConflictRetries = {},
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error) || failures >= tries) throw error;
      await pause(clock, backoffMs(failures, { firstMs: 10, longestMs: 1_000, random }), signal);
      signal.throwIfAborted();
    }
  }
}
