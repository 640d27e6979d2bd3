import { type BackoffOptions, backoffMs } from "@cocktail/client";
import type { Clock } from "./clock.ts";

/** What a piece of work wants next: nothing, or to be done again at a time (epoch milliseconds). */
export interface WorkResult {
  readonly againAt?: number | undefined;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  /** Of pauses after failures. */
  readonly backoff: BackoffOptions;
  work(key: string): Promise<WorkResult>;
  failed(key: string, error: unknown, retryInMs: number): void;
  /** A key was put back with a backoff. */
  retried?: (key: string) => void;
}

/**
 * Names of objects to look at. A name is worked on once at a time, is kept once however often it is added, and comes again
 * after a failure, later each time. Nothing about the reason is kept: work looks at everything anew.
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

  /** The earliest of several times counts. */
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

  /** For work that is not wrong but came to nothing: again, later each time, until `settle`. */
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

  /** Begins nothing new, and resolves when what was begun has ended. */
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
