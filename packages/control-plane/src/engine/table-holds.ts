/** Defers publishing while the writes of a decision are executed: readers see all of them in one epoch. */
export class TableHolds {
  #count = 0;
  #released = Promise.withResolvers<void>();

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await work();
    } finally {
      this.#count--;
      if (this.#count === 0) {
        this.#released.resolve();
        this.#released = Promise.withResolvers();
      }
    }
  }

  /** Resolves when the current writes are done; undefined if there are none. Check again then: new ones may have started. */
  get pending(): Promise<void> | undefined {
    return this.#count === 0 ? undefined : this.#released.promise;
  }
}
