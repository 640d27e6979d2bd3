/** An answer whose head is rendered but waits for the first bytes of its body, to leave in one packet with them. */
export interface Flushable {
  /** Sends the head alone if no body has come meanwhile. */
  flush(): void;
}

/**
 * Sends heads whose body didn't come in the same read (event streams, slow bodies) at the end of the turn. One
 * immediate for all of a turn, because one for each would cost every ordinary request.
 */
export class HeadFlusher {
  #waiting: Flushable[] = [];

  add(reply: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#flush);
    this.#waiting.push(reply);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const reply of waiting) reply.flush();
  };
}
