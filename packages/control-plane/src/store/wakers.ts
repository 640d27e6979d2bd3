/** Waiters for the next change. */
export class Wakers {
  readonly #waiting = new Set<() => void>();

  wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves at the next wake, or when the signal is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    this.#waiting.add(stop);
    signal.addEventListener("abort", stop, { once: true });
    await promise;
    this.#waiting.delete(stop);
    // A long watch waits often on one signal: every wait takes its listener away again.
    signal.removeEventListener("abort", stop);
  }
}
