import type { Server } from "node:http";

/** Counts the requests in flight. */
export class InFlight {
  readonly #waiting = new Set<() => void>();
  #count = 0;

  constructor(server: Server) {
    server.on("request", (_, response) => {
      this.#count++;
      response.once("close", () => {
        this.#count--;
        if (this.#count === 0) for (const resolve of this.#waiting) resolve();
      });
    });
  }

  /** Resolves when there are none. */
  async none(): Promise<void> {
    if (this.#count === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
  }
}
