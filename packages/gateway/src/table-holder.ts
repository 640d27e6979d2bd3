import type { RouteTable } from "@cocktail/route";

interface Waiter {
  readonly epoch: number;
  readonly resolve: () => void;
}

/** The table that requests are resolved in, and who waits for a newer one. */
export class TableHolder {
  readonly #newest: () => RouteTable;
  readonly #onChange: (table: RouteTable) => void;
  #held: RouteTable | undefined;
  #waiting: Waiter[] = [];

  constructor(newest: () => RouteTable, onChange: (table: RouteTable) => void) {
    this.#newest = newest;
    this.#onChange = onChange;
  }

  /** Looks for a newer table each time, so that a forgotten notice delays clean-up but never a route. */
  current(): RouteTable {
    const table = this.#newest();
    if (table !== this.#held) this.#hold(table);
    return table;
  }

  awaitEpoch(epoch: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.current().epoch >= epoch) {
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
        reject(new Error(`no table of epoch ${epoch} came`, { cause: signal?.reason }));
      };
      if (signal?.aborted === true) {
        abandon();
        return;
      }
      signal?.addEventListener("abort", abandon, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #hold(table: RouteTable): void {
    this.#held = table;
    this.#onChange(table);
    const due = this.#waiting.filter(({ epoch }) => table.epoch >= epoch);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ epoch }) => table.epoch < epoch);
    for (const { resolve } of due) resolve();
  }
}
