import net, { type Socket } from "node:net";
import type { Core } from "./core.ts";
import { Connection } from "./connection.ts";
import { peek } from "./peek.ts";
import type { Place } from "./place.ts";
import { renderRawProblem } from "./raw-response.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** A port the gateway listens on. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Accepts nothing more, lets requests in flight end, and cuts what is left after the grace. Milliseconds. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Who goes on with a connection, once it is known what it speaks. */
export interface ProtocolHandlers {
  readonly http1: (connection: Connection) => void;
  readonly http2: (connection: Connection) => void;
}

/** Listens for HTTP/1.1 and HTTP/2 (prior knowledge) on one cleartext port. */
export async function listen(
  core: Core,
  place: Place,
  handlers: ProtocolHandlers,
  { host, port }: ListenOptions,
): Promise<Listener> {
  const connections = new Set<Connection>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accept(core, new Connection(socket, place), handlers, connections);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off("error", reject);
      server.on("error", (err) => core.log.error({ err, place }, "listener failed"));
      resolve();
    });
  });
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  const name = net.isIPv6(host) ? `[${host}]` : host;
  return {
    host,
    port: actual,
    url: `http://${name}:${actual}`,
    close: ({ graceMs }) => close(server, connections, graceMs),
  };
}

function accept(
  core: Core,
  connection: Connection,
  handlers: ProtocolHandlers,
  connections: Set<Connection>,
): void {
  const { socket } = connection;
  socket.on("error", ignore);
  // A peer that vanished shows nowhere else on a tunnel or an event stream that is silent.
  socket.setKeepAlive(true, tcpKeepAliveMs);
  if (core.connections >= core.limits.connections) {
    rejectConnection(core, socket);
    return;
  }
  core.connections++;
  connections.add(connection);
  socket.once("close", () => {
    core.connections--;
    connections.delete(connection);
    connection.gone();
  });
  peek(socket, core.limits.headMs, (protocol) => handlers[protocol](connection));
}

const tcpKeepAliveMs = 60_000;
const ignore = (): void => undefined;

function rejectConnection(core: Core, socket: Socket): void {
  core.refusals.count("TooManyConnections");
  socket.end(
    renderRawProblem({
      code: "TooManyConnections",
      detail: `${core.limits.connections} connections are open`,
      fix: "Close some, or raise the gateway's limit",
    }),
    "latin1",
    () => socket.destroy(),
  );
}

async function close(
  server: net.Server,
  connections: ReadonlySet<Connection>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const connection of [...connections]) connection.close();
  const timer = setTimeout(() => {
    for (const { socket, session } of [...connections]) {
      session?.destroy();
      socket.destroy();
    }
  }, graceMs);
  await closed;
  clearTimeout(timer);
}
