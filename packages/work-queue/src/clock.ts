/** Time, so that tests can set it. */
export interface Clock {
  /** Milliseconds; since the epoch, unless the user of the clock says otherwise. */
  now(): number;
  /** Calls once, not before so many milliseconds; returns a function that cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Node's timers hold 31 bits; longer delays must be re-armed. */
const longest = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(milliseconds, 0), longest));
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after so many milliseconds, or as soon as the signal is aborted; never rejects. Leaves nothing on the signal. */
export async function pause(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  const cancel = clock.after(milliseconds, stop);
  signal.addEventListener("abort", stop, { once: true });
  await promise;
  cancel();
  signal.removeEventListener("abort", stop);
}
