import { type Logger, silentLogger } from "../log.ts";

export interface WorkQueueOptions {
  readonly work: (key: string) => Promise<void>;
  /** Keys worked on at once; one key never twice. */
  readonly concurrency: number;
  readonly log?: Logger | undefined;
  /** First pause after a failure; it doubles up to `maxPauseMs`. */
  readonly firstPauseMs?: number | undefined;
  readonly maxPauseMs?: number | undefined;
}

/**
 * A keyed, rate-limited work queue, as controllers have: a key that is added many times is worked on once; one that is
 * added while it is worked on is worked on again; one that failed comes back after a growing pause.
 * https://pkg.go.dev/k8s.io/client-go/util/workqueue
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #log: Logger;
  readonly #waiting = new Set<string>();
  readonly #again = new Set<string>();
  readonly #active = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#active.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#pump();
  }

  /** Adds the key in `delayMs`, unless it is to come earlier anyway. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    // setTimeout fires at once beyond 2^31 - 1 ms; whoever planned for later plans again then.
    const delay = Math.min(Math.max(delayMs, 0), 0x7fffffff);
    const at = Date.now() + delay;
    const earlier = this.#timers.get(key);
    if (earlier !== undefined && earlier.at <= at) return;
    clearTimeout(earlier?.timer);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, delay);
    timer.unref();
    this.#timers.set(key, { at, timer });
  }

  /** Adds the key after a pause that grows with every failure since the last success. */
  addFailed(key: string): void {
    const { firstPauseMs = 50, maxPauseMs = 2_000 } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const pause = Math.min(firstPauseMs * 2 ** Math.min(failures - 1, 20), maxPauseMs);
    this.addAfter(key, pause * (0.75 + Math.random() / 2));
  }

  forgetFailures(key: string): void {
    this.#failures.delete(key);
  }

  /** Begins nothing new; resolves when what was begun has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    this.#again.clear();
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.allSettled(this.#active.values());
  }

  #pump(): void {
    for (const key of this.#waiting) {
      if (this.#active.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#active.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    // A turn of the event loop, so that what is added together is seen together.
    await Promise.resolve();
    try {
      await this.#options.work(key);
      this.#failures.delete(key);
    } catch (error) {
      this.#log.warn({ err: error, key }, "will be tried again");
      if (!this.#stopped) this.addFailed(key);
    } finally {
      this.#active.delete(key);
      if (this.#again.delete(key)) this.#waiting.add(key);
      if (!this.#stopped) this.#pump();
    }
  }
}
