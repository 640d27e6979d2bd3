import type { Readers } from "./platform.ts";

/** The epoch that all readers are known to hold. Concurrent waits for one epoch share a request. */
export class Acknowledgements {
  readonly #readers: Readers;
  readonly #signal: AbortSignal;
  readonly #asked = new Map<number, Promise<void>>();
  #epoch = -1;

  constructor(readers: Readers, signal: AbortSignal) {
    this.#readers = readers;
    this.#signal = signal;
  }

  /** The highest epoch that all readers hold; -1: unknown. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Resolves when all readers hold this epoch; rejects if that could not be confirmed. */
  async await(epoch: number): Promise<void> {
    if (epoch <= this.#epoch) return;
    const asked = this.#asked.get(epoch) ?? this.#ask(epoch);
    this.#asked.set(epoch, asked);
    await asked;
  }

  async #ask(epoch: number): Promise<void> {
    try {
      await this.#readers.awaitAcked(epoch, this.#signal);
      this.#epoch = Math.max(this.#epoch, epoch);
    } finally {
      this.#asked.delete(epoch);
    }
  }

  /** For a new history, to which earlier acknowledgements don't apply. */
  reset(): void {
    this.#epoch = -1;
  }
}
