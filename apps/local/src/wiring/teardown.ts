import type { Logger } from "@cocktail/client";

/** Undo steps, run in reverse order. A step that fails doesn't prevent the rest. */
export class Teardown {
  readonly #steps: { readonly name: string; readonly undo: () => Promise<unknown> }[] = [];
  readonly #log: Logger;
  #running: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, undo: () => Promise<unknown>): void {
    this.#steps.push({ name, undo });
  }

  /** Done once, however often it is called. */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      this.#log.debug({ step: step.name }, "stopping");
      try {
        await step.undo();
      } catch (error) {
        this.#log.error({ err: error, step: step.name }, "failed to stop");
      }
    }
  }
}
