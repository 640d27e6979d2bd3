import http, { type IncomingMessage, type ServerResponse } from "node:http";
import http2 from "node:http2";
import { Socket } from "node:net";
import { answerClientFault, refuseConnection } from "./client-fault.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { handleHttp1 } from "./http1-intake.ts";
import { handleSession, handleStream } from "./http2-intake.ts";
import type { ProtocolHandlers } from "./listener.ts";
import { watchHalfClosed } from "./half-closed.ts";
import { noTunnels } from "./framing.ts";
import { mayUpgrade, handleUpgrade } from "./tunnel.ts";

/** Shared by all listeners of a gateway: one HTTP/1.1 server, and a session for each HTTP/2 connection. */
export interface Servers extends ProtocolHandlers {
  close(): void;
}

export function createServers(core: Core): Servers {
  const connections = new WeakMap<Socket, Connection>();
  const http1 = createHttp1(core, connections);
  return {
    http1: (connection) => {
      connections.set(connection.socket, connection);
      connection.socket.once("end", () => watchHalfClosed(connection, core.limits));
      http1.emit("connection", connection.socket);
    },
    http2: (connection) => openSession(core, connection),
    close: () => void http1.close(() => undefined),
  };
}

function createHttp1(core: Core, connections: WeakMap<Socket, Connection>): http.Server {
  const { limits } = core;
  const server = http.createServer({
    // The start line and the headers each have a limit of their own; this one is only the parser's.
    maxHeaderSize: limits.headBytes + limits.targetBytes + 4096,
    headersTimeout: limits.headMs,
    // Uploads may take hours; idle ones are ended by `IdleWatch`.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    // The advertised timeout excludes it, because a request that arrives at a closed connection is lost. Node's default of
    // one second is shorter than a process may be paused on a busy machine.
    keepAliveTimeoutBuffer: limits.keepAliveMs / 2,
    connectionsCheckingInterval:
      limits.headMs === 0 ? 5000 : Math.min(5000, Math.max(20, limits.headMs / 4)),
    // `checkFraming` refuses a missing Host with problem+json, which Node does not.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    // The bytes of another protocol would overtake a pending response.
    shouldUpgradeCallback: (req) =>
      mayUpgrade(req) && connections.get(req.socket)?.hasPendingResponses === false,
  });
  // Not in the types. A client may end its half behind its last request and wait for the answer (RFC 9112 9.6).
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxHeadersCount = limits.headLines;
  server.on("request", (req: IncomingMessage, res: ServerResponse) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined)
      guard(core, connection, () => handleHttp1(core, connection, req, res));
  });
  // `checkFraming` refuses it; Node's own answer is no problem+json.
  server.on("checkExpectation", (req: IncomingMessage, res: ServerResponse) => {
    server.emit("request", req, res);
  });
  server.on("upgrade", (req, _socket, early) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined)
      guard(core, connection, () => handleUpgrade(core, connection, req, early));
  });
  server.on("connect", (req) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined) refuseConnection(core, connection, noTunnels);
  });
  server.on("clientError", (error, socket) => {
    const connection = socket instanceof Socket ? connections.get(socket) : undefined;
    if (connection !== undefined) answerClientFault(core, connection, error);
  });
  // It never listens itself: listeners pass it their connections. The event starts its timers.
  server.emit("listening");
  return server;
}

/** A bug in the gateway ends the affected connection, not the process. */
function guard({ log }: Core, { socket, role }: Connection, handle: () => void): void {
  try {
    handle();
  } catch (err) {
    log.error({ err, role }, "internal error, closing the connection");
    socket.destroy();
  }
}

function openSession(core: Core, connection: Connection): void {
  const { limits } = core;
  const session = http2.performServerHandshake(connection.socket, {
    maxSessionMemory: 64,
    // A variant may repeat any header; by default Node throws for some of them.
    strictSingleValueFields: false,
    maxHeaderListPairs: limits.headLines + 8,
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headBytes + limits.targetBytes + 4096,
      initialWindowSize: 1 << 20,
      enablePush: false,
    },
  });
  session.on("stream", (stream, _headers, flags, rawHeaders) => {
    guard(core, connection, () => handleStream(core, connection, stream, { flags, rawHeaders }));
  });
  handleSession(core, connection, session);
}
