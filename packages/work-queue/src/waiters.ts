/** Those who wait for a state, and look again whenever they are woken. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  wake(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves as soon as it is so; rejects with the signal's reason. Leaves nothing on the signal. */
  async until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (isSo()) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => resolve();
      this.#waiting.add(look);
      signal.addEventListener("abort", look, { once: true });
      await promise;
      this.#waiting.delete(look);
      signal.removeEventListener("abort", look);
    }
  }
}
