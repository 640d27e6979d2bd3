import { type BackoffOptions, backoffMs } from "@cocktail/client";
import type { Clock } from "./clock.ts";

/** When to requeue the key (epoch milliseconds), if at all. */
export interface WorkResult {
  readonly againAt?: number | undefined;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  /** After failures. */
  readonly backoff: BackoffOptions;
  work(key: string): Promise<WorkResult>;
  failed(key: string, error: unknown, retryInMs: number): void;
  /** Called when a key is requeued with a backoff. */
  retried?: (key: string) => void;
}

/**
 * A deduplicating queue of keys. A key is processed by one worker at a time, and requeued with a backoff after a failure.
 * Level-triggered: a key carries no event, so work reads the current state.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  #isStopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#isStopped) return;
    if (this.#busy.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#fill();
  }

  /** If a key is added for several times, the earliest wins. */
  addAt(key: string, at: number): void {
    if (this.#isStopped) return;
    const timer = this.#timers.get(key);
    if (timer !== undefined && timer.at <= at) return;
    timer?.cancel();
    const cancel = this.#options.clock.after(at - this.#options.clock.now(), () => {
      this.#timers.delete(key);
      if (this.#options.clock.now() < at) this.addAt(key, at);
      else this.add(key);
    });
    this.#timers.set(key, { at, cancel });
  }

  /** Requeues a key with a backoff that grows until `settle`. Returns the delay in milliseconds. */
  addLater(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const pause = backoffMs(failures, this.#options.backoff);
    this.#options.retried?.(key);
    this.addAt(key, this.#options.clock.now() + pause);
    return pause;
  }

  /** Resets the key's backoff. */
  settle(key: string): void {
    this.#failures.delete(key);
  }

  get size(): number {
    return this.#waiting.size + this.#busy.size;
  }

  isIdle(key: string): boolean {
    return !this.#waiting.has(key) && !this.#busy.has(key) && !this.#timers.has(key);
  }

  /** Starts no new work, and resolves when running work has ended. */

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.all(this.#busy.values());
  }

  #fill(): void {
    for (const key of this.#waiting) {
      if (this.#isStopped || this.#busy.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#busy.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    // Start asynchronously, so `add` never re-enters.
    await Promise.resolve();
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    try {
      const { againAt } = await this.#options.work(key);
      if (againAt !== undefined) this.addAt(key, againAt);
    } catch (error) {
      if (!this.#isStopped) this.#options.failed(key, error, this.addLater(key));
    }
    this.#busy.delete(key);
    if (this.#again.delete(key)) this.add(key);
    this.#fill();
  }
}
