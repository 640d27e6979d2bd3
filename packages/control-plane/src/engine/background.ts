/** Work that outlives the turn which began it: one at a time of a name, all of it ended with the service. */
export class Background {
  readonly #running = new Map<string, Promise<void>>();
  readonly #aborter = new AbortController();

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** False where work of this name is under way. `job` takes care of its own faults. */
  begin(name: string, job: () => Promise<void>): boolean {
    if (this.#running.has(name) || this.#aborter.signal.aborted) return false;
    const running = job().finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    return true;
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  /** Ends what waits, and does not wait for what can't be ended. */
  stop(): void {
    this.#aborter.abort(new Error("the control plane stops"));
  }
}
