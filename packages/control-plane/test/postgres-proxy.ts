import { connect, createServer, type Server, type Socket } from "node:net";
import type { Postgres } from "@cocktail/embedded-postgres";

export interface Proxy extends AsyncDisposable {
  readonly connection: {
    host: string;
    port: number;
    user: string;
    password: string;
    database: string;
  };
  /** Nothing passes any more, and nothing is closed: as behind a cut cable. */
  freeze(): void;
  /** New connections pass; the frozen ones stay as they are. */
  thaw(): void;
  /** Connections that were asked for while it was frozen. */
  attempts(): number;
}

/** A way to a server that can be frozen. */
export async function openProxy(server: Postgres): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let frozen = false;
  let attempts = 0;
  const { address } = server;
  const proxy: Server = createServer((downstream) => {
    const upstream =
      address.kind === "socket"
        ? connect(`${address.directory}/.s.PGSQL.${address.port}`)
        : connect(address.port, address.host);
    for (const socket of [downstream, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    if (frozen) {
      attempts++;
      return;
    }
    downstream.pipe(upstream).pipe(downstream);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const bound = proxy.address();
  if (bound === null || typeof bound === "string") throw new TypeError("listens on no port");
  return {
    connection: { ...server.connection, host: "127.0.0.1", port: bound.port },
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    thaw() {
      frozen = false;
    },
    attempts: () => attempts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
