import type { RouteTable } from "@cocktail/route";
import { ReaderClosed, TableBehind } from "../errors.ts";

export interface WaitOptions {
  /** Default: until the reader is closed. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly epoch: number;
  readonly resolve: (table: RouteTable) => void;
  readonly reject: (reason: unknown) => void;
}

/** Who waits for which epoch. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();
  #table: RouteTable | undefined;
  #closed = false;

  add(epoch: number, table: RouteTable | undefined, options: WaitOptions): Promise<RouteTable> {
    if (table !== undefined && table.epoch >= epoch) return Promise.resolve(table);
    const { timeoutMs, signal } = options;
    if (signal?.aborted === true) return Promise.reject(abortReason(signal));
    if (this.#closed) return Promise.reject(new ReaderClosed());
    const { promise, resolve, reject } = Promise.withResolvers<RouteTable>();
    const waiter: Waiter = { epoch, resolve, reject };
    this.#waiting.add(waiter);
    const late = (): void => reject(new TableBehind(epoch, this.#table?.epoch, timeoutMs ?? 0));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    const stop = (): void => reject(signal === undefined ? undefined : abortReason(signal));
    signal?.addEventListener("abort", stop, { once: true });
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      this.#waiting.delete(waiter);
    });
  }

  arrived(table: RouteTable): void {
    this.#table = table;
    for (const waiter of this.#waiting) if (table.epoch >= waiter.epoch) waiter.resolve(table);
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting) reject(new ReaderClosed());
  }
}

function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
