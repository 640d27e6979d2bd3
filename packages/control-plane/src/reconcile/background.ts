/** Long work that a plan waits for, at most once at a time under one name. */
export class Background {
  readonly #running = new Map<string, Promise<void>>();
  readonly #onEnd: (name: string, owner: string, failure: unknown) => void;

  /** `onEnd` is called when something has ended; `failure` is undefined where it went well. */
  constructor(onEnd: (name: string, owner: string, failure: unknown) => void) {
    this.#onEnd = onEnd;
  }

  /** Begins it, unless it runs already. `owner` is told to the listener. */
  begin(name: string, owner: string, work: () => Promise<void>): void {
    if (this.#running.has(name)) return;
    this.#running.set(name, this.#run(name, owner, work));
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  async #run(name: string, owner: string, work: () => Promise<void>): Promise<void> {
    let failure: unknown;
    try {
      await work();
    } catch (error) {
      failure = error ?? new Error("failed");
    }
    this.#running.delete(name);
    this.#onEnd(name, owner, failure);
  }
}
