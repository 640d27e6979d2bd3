/** While a decision of several writes is made no table is planned: readers see all of it in one epoch, or nothing. */
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

  /** Settles when the writes of now are made; undefined where there are none. To be asked again then: others may have begun. */
  get pending(): Promise<void> | undefined {
    return this.#count === 0 ? undefined : this.#released.promise;
  }
}
