import { createSocket, type Socket } from "node:dgram";
import { createServer } from "node:net";

/**
 * Ports for services come from below the ephemeral ranges of Linux (32768) and macOS (49152). From inside such a range the
 * system hands out source ports for outgoing connections, so that a service that restarts would now and then find its own
 * port taken by a connection, and a probe of a silent port could connect to itself.
 */
const everyPort = { lowest: 20_000, count: 12_000 } as const;

export interface PortRange {
  readonly lowest: number;
  readonly count: number;
}

/**
 * Allocates ports that no other cocktail of this machine uses. A service that is being started or restarted doesn't listen
 * yet, so the UDP port of the same number is held meanwhile. The system releases it when this process ends, however it ends.
 */
export class PortPool {
  readonly #range: PortRange;
  readonly #held = new Map<number, Socket | undefined>();

  constructor(range: PortRange = everyPort) {
    this.#range = range;
  }

  /** A port that is free now, and that neither this pool nor another one allocates until it is released. */
  async take(): Promise<number> {
    const { count, lowest } = this.#range;
    const from = Math.floor(Math.random() * count);
    for (let step = 0; step < count; step++) {
      const port = lowest + ((from + step) % count);
      if (this.#held.has(port)) continue;
      this.#held.set(port, undefined);
      const mark = await hold(port);
      if (mark !== "taken" && (await isFree(port))) {
        this.#held.set(port, mark);
        return port;
      }
      if (mark !== "taken") mark?.close();
      this.#held.delete(port);
    }
    throw new Error(`no free port between ${lowest} and ${lowest + count}`);
  }

  release(port: number): void {
    this.#held.get(port)?.close();
    this.#held.delete(port);
  }
}

/** Undefined where UDP is not available: then the port is free, but not held. */
function hold(port: number): Promise<Socket | "taken" | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", (error) => {
      socket.close();
      resolve("code" in error && error.code === "EADDRINUSE" ? "taken" : undefined);
    });
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
      socket.unref();
      resolve(socket);
    });
  });
}

/** True when a listener on loopback can be opened now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
