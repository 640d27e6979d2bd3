import { formatTableId, type RouteTable, type TableId } from "@cocktail/route";
import { Wakers } from "./wakers.ts";

/** The newest known table, and its watchers. */
export class TableHub {
  readonly #wakers = new Wakers();
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
  replace(seen: RouteTable | undefined, head: RouteTable): "replaced" | "stale" {
    if (this.#current !== seen) return "stale";
    if (seen === undefined || formatTableId(seen) !== formatTableId(head)) this.#set(head);
    // A raised floor doesn't notify watchers; the next read gets it.
    else this.#current = head;
    return "replaced";
  }

  async *watch(
    from: TableId | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<RouteTable, void, undefined> {
    let last = from === undefined ? undefined : formatTableId(from);
    while (!signal.aborted && !this.#closed) {
      const current = this.#current;
      if (current === undefined || formatTableId(current) === last) {
        await this.#wakers.next(signal);
      } else {
        last = formatTableId(current);
        yield current;
      }
    }
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true;
    this.#wakers.wake();
  }

  #set(table: RouteTable): void {
    this.#current = table;
    this.#wakers.wake();
  }
}
