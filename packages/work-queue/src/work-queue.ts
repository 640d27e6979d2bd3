import { type BackoffOptions, backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** When to requeue the key (milliseconds of the queue's clock), if at all. */
export interface WorkResult {
  readonly againAt?: number | undefined;
}

/** What metrics count. Durations are milliseconds. */
export interface WorkObserver {
  /** A key that was not waiting is. */
  added?(key: string): void;
  started?(key: string, waitedMs: number): void;
  finished?(key: string, workedMs: number): void;
  /** A key is requeued with a backoff. */
  retried?(key: string): void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  /** After failures. */
  readonly backoff: BackoffOptions;
  /** Limits the retries of all keys together. */
  readonly retryLimit?: TokenBucket | undefined;
  readonly observer?: WorkObserver | undefined;
  work(key: string): Promise<WorkResult>;
  failed(key: string, error: unknown, retryInMs: number): void;
}

/**
 * A deduplicating queue of keys. A key is processed by one worker at a time, and requeued with a backoff after a failure.
 * Level-triggered: a key carries no event, so work reads the current state.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** With the time since which they wait. */
  readonly #waiting = new Map<string, number>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #again = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  #isStopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#isStopped) return;
    const waiting = this.#busy.has(key) ? this.#again : this.#waiting;
    if (waiting.has(key)) return;
    waiting.set(key, this.#options.clock.now());
    this.#options.observer?.added?.(key);
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
    const { clock, backoff, retryLimit, observer } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delayMs = Math.max(backoffMs(failures, backoff), retryLimit?.reserve() ?? 0);
    observer?.retried?.(key);
    this.addAt(key, clock.now() + delayMs);
    return delayMs;
  }

  /** Resets the key's backoff. */
  settle(key: string): void {
    this.#failures.delete(key);
  }

  /** Keys that wait for a worker or have one. */
  get size(): number {
    return this.#waiting.size + this.#busy.size;
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  /** Starts no new work, and resolves when running work has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.all(this.#busy.values());
  }

  #fill(): void {
    for (const [key, since] of this.#waiting) {
      if (this.#isStopped || this.#busy.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#busy.set(key, this.#run(key, since));
    }
  }

  async #run(key: string, since: number): Promise<void> {
    // Start asynchronously, so `add` never re-enters.
    await Promise.resolve();
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    try {
      await this.#work(key, since);
    } finally {
      // Also if a callback threw: that must not keep the key or its worker.
      this.#busy.delete(key);
      const again = this.#again.get(key);
      this.#again.delete(key);
      if (again !== undefined && !this.#isStopped) this.#waiting.set(key, again);
      this.#fill();
    }
  }

  async #work(key: string, since: number): Promise<void> {
    const { clock, observer, work, failed } = this.#options;
    const from = clock.now();
    observer?.started?.(key, from - since);
    try {
      const { againAt } = await work(key);
      if (againAt !== undefined) this.addAt(key, againAt);
    } catch (error) {
      if (!this.#isStopped) failed(key, error, this.addLater(key));
    } finally {
      observer?.finished?.(key, clock.now() - from);
    }
  }
}
