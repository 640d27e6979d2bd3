import type { RouteTable } from "@cocktail/route";

interface Waiter {
  readonly epoch: number;
  readonly resolve: () => void;
}

/** The current table, and the callers that wait for a newer one. */
export class TableHolder {
  readonly #onChange: (table: RouteTable) => void;
  #table: RouteTable;
  #waiting: Waiter[] = [];

  constructor(first: RouteTable, onChange: (table: RouteTable) => void) {
    this.#table = first;
    this.#onChange = onChange;
  }

  get current(): RouteTable {
    return this.#table;
  }

  set(table: RouteTable): void {
    if (table === this.#table) return;
    this.#table = table;
    this.#onChange(table);
    const due = this.#waiting.filter(({ epoch }) => table.epoch >= epoch);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ epoch }) => table.epoch < epoch);
    for (const { resolve } of due) resolve();
  }

  awaitEpoch(epoch: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#table.epoch >= epoch) {
        resolve();
        return;
      }
      const waiter: Waiter = {
        epoch,
        resolve: () => {
          signal?.removeEventListener("abort", abandon);
          resolve();
        },
      };
      const abandon = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(new Error(`epoch ${epoch} was not reached`, { cause: signal?.reason }));
      };
      if (signal?.aborted === true) {
        abandon();
        return;
      }
      signal?.addEventListener("abort", abandon, { once: true });
      this.#waiting.push(waiter);
    });
  }
}
