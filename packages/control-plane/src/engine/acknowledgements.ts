import type { Readers } from "./platform.ts";

/** Which epoch every reader is known to hold. Asks once for an epoch, however many wait for it. */
export class Acknowledgements {
  readonly #readers: Readers;
  readonly #signal: AbortSignal;
  readonly #asked = new Map<number, Promise<void>>();
  #epoch = -1;

  constructor(readers: Readers, signal: AbortSignal) {
    this.#readers = readers;
    this.#signal = signal;
  }

  /** The highest epoch that all hold; -1: not known. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Resolves when all hold this epoch; rejects when that could not be confirmed. */
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

  /** Another history has begun: what was held says nothing of it. */
  reset(): void {
    this.#epoch = -1;
  }
}
