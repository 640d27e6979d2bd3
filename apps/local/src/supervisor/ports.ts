import { createServer } from "node:net";

/**
 * Ports for services come from below the ephemeral ranges of Linux (32768) and macOS (49152). From inside such a range the
 * system hands out source ports for outgoing connections, so that a service that restarts would now and then find its own
 * port taken by a connection, and a probe of a silent port could connect to itself.
 */
const lowest = 20_000;
const count = 12_000;

export class PortPool {
  readonly #taken = new Set<number>();

  /** A port that nobody listens on now, and that this pool gives to nobody else until it is released. */
  async take(): Promise<number> {
    const from = Math.floor(Math.random() * count);
    for (let step = 0; step < count; step++) {
      const port = lowest + ((from + step) % count);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(port)) return port;
      this.#taken.delete(port);
    }
    throw new Error(`no free port between ${lowest} and ${lowest + count}`);
  }

  release(port: number): void {
    this.#taken.delete(port);
  }
}

/** True when a listener on loopback can be made now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
