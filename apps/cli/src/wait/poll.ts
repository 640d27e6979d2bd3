import { setTimeout as delay } from "node:timers/promises";
import { mayPass } from "../cocktail/api-errors.ts";

export interface PollOptions {
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
  /** Told when an ask fails in a way that may pass. */
  readonly onTrouble?: (message: string) => void;
}

/** How long a control plane may be away, as when its database restarts, before waiting for it makes no sense. */
const patienceMs = 20_000;

/**
 * Asks until there is an answer; undefined when the time is over. Asks often at first: most waits are short. Throws the
 * signal's reason, what `ask` throws, and a passing fault that did not pass.
 */
export async function poll<T>(
  options: PollOptions,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const { signal, timeoutSeconds } = options;
  // Not the wall clock, which jumps when a laptop wakes.
  const now = (): number => performance.now();
  const began = now();
  const patient = withPatience(options, now, ask);
  for (;;) {
    signal.throwIfAborted();
    const answer = await patient();
    if (answer !== undefined) return answer;
    const elapsed = now() - began;
    const left = timeoutSeconds * 1000 - elapsed;
    if (left <= 0) return undefined;
    await delay(Math.min(left, interval(elapsed)), undefined, { signal }).catch(() => {});
  }
}

/** Faults that may pass count as "no answer yet", until they have lasted too long. */
function withPatience<T>(
  { signal, onTrouble }: PollOptions,
  now: () => number,
  ask: () => Promise<T | undefined>,
): () => Promise<T | undefined> {
  let troubleSince: number | undefined;
  return async () => {
    try {
      const answer = await ask();
      troubleSince = undefined;
      return answer;
    } catch (error) {
      troubleSince ??= now();
      if (signal.aborted || now() - troubleSince > patienceMs || !(await mayPass(error)))
        throw error;
      onTrouble?.(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
}

function interval(elapsedMs: number): number {
  if (elapsedMs < 3000) return 50;
  return elapsedMs < 20_000 ? 200 : 500;
}
