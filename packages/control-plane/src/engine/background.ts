/** Jobs that outlive the turn that started them. At most one per name; all are aborted when the engine stops. */
export class Background {
  readonly #running = new Map<string, Promise<void>>();
  readonly #aborter = new AbortController();

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** Returns false if a job of this name is running. `job` handles its own errors. */
  begin(name: string, job: () => Promise<void>): boolean {
    if (this.#running.has(name) || this.#aborter.signal.aborted) return false;
    const running = job().finally(() => this.#running.delete(name));
    this.#running.set(name, running);
    return true;
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  /** Aborts all jobs without waiting for them. */
  stop(): void {
    this.#aborter.abort(new Error("the control plane is stopping"));
  }
}
