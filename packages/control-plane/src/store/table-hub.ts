import { formatTableId, type RouteTable, type TableId } from "@cocktail/route";

/** The newest table this process knows, and everybody who waits for a newer one. */
export class TableHub {
  readonly #wakers = new Set<() => void>();
  #current: RouteTable | undefined;
  #closed = false;

  get current(): RouteTable | undefined {
    return this.#current;
  }

  /** A table that was just appended, so that its watchers need not wait for a notification. */
  advance(table: RouteTable): void {
    if (this.#current === undefined || table.epoch > this.#current.epoch) this.#set(table);
  }

  /**
   * The head, as the store says. `seen` is what was current before the store was asked: if it no longer is, the answer
   * may be older than what is held, and the store has to be asked again. A head of a lower epoch is a new history.
   */
  replace(seen: RouteTable | undefined, head: RouteTable): "taken" | "askAgain" {
    if (this.#current !== seen) return "askAgain";
    if (seen === undefined || formatTableId(seen) !== formatTableId(head)) this.#set(head);
    // A floor that rose wakes nobody, but whoever comes next is told the new one.
    else this.#current = head;
    return "taken";
  }

  async *watch(
    from: TableId | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<RouteTable, void, undefined> {
    let last = from === undefined ? undefined : formatTableId(from);
    while (!signal.aborted && !this.#closed) {
      const current = this.#current;
      if (current === undefined || formatTableId(current) === last) {
        await this.#changed(signal);
      } else {
        last = formatTableId(current);
        yield current;
      }
    }
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #set(table: RouteTable): void {
    this.#current = table;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }

  async #changed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    this.#wakers.add(stop);
    signal.addEventListener("abort", stop, { once: true });
    await promise;
    this.#wakers.delete(stop);
    // A long watch waits often on one signal: every wait takes its listener away again.
    signal.removeEventListener("abort", stop);
  }
}
