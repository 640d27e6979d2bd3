import net, { type Socket } from "node:net";
import type { Core } from "./core.ts";
import { Connection } from "./connection.ts";
import type { ListenerRole } from "./listener-role.ts";
import { renderRawProblem } from "./raw-response.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** A port the gateway listens on. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Stops accepting, waits for requests in flight, and destroys the remaining connections after `graceMs`. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Handlers of a connection, by its detected protocol. */
export interface ProtocolHandlers {
  readonly http1: (connection: Connection) => void;
  readonly http2: (connection: Connection) => void;
}

/** Listens for HTTP/1.1 and HTTP/2 (prior knowledge) on one cleartext port. */
export async function listen(
  core: Core,
  role: ListenerRole,
  handlers: ProtocolHandlers,
  { host, port }: ListenOptions,
): Promise<Listener> {
  const connections = new Set<Connection>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accept(core, new Connection(socket, role), handlers, connections);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off("error", reject);
      server.on("error", (err) => core.log.error({ err, role }, "listener failed"));
      resolve();
    });
  });
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  const bracketed = net.isIPv6(host) ? `[${host}]` : host;
  return {
    host,
    port: actual,
    url: `http://${bracketed}:${actual}`,
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
  // The only way to detect a lost peer on a silent tunnel or event stream.
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
    connection.onClosed();
  });
  readProtocol(socket, core.limits.headMs, (protocol) => handlers[protocol](connection));
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

type Protocol = "http1" | "http2";

/** The client connection preface of HTTP/2 (RFC 9113 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Undefined while the bytes are a prefix of the preface. */
function detectProtocol(bytes: Buffer): Protocol | undefined {
  const length = Math.min(bytes.length, preface.length);
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== preface[at]) return "http1";
  }
  return length === preface.length ? "http2" : undefined;
}

/**
 * Reads a new connection until its protocol is known, pushes the bytes back, and passes the connection on. Destroyed after
 * `timeoutMs` (0: never): the timeouts of the servers don't apply yet.
 */
function readProtocol(
  socket: Socket,
  timeoutMs: number,
  onProtocol: (protocol: Protocol) => void,
): void {
  let seen: Buffer | undefined;
  const timer = timeoutMs > 0 ? setTimeout(() => socket.destroy(), timeoutMs) : undefined;
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("readable", read);
    socket.off("end", end);
    socket.off("close", stop);
  };
  // The protocol is unknown, so no response is possible.
  const end = (): void => socket.destroySoon();
  const read = (): void => {
    const chunk: unknown = socket.read();
    if (Buffer.isBuffer(chunk)) seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    const protocol = seen === undefined ? undefined : detectProtocol(seen);
    if (seen === undefined || protocol === undefined) return;
    stop();
    socket.unshift(seen);
    onProtocol(protocol);
  };
  socket.on("readable", read);
  socket.on("end", end);
  socket.on("close", stop);
}
