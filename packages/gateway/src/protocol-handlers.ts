import http, { type IncomingMessage, type ServerResponse } from "node:http";
import http2 from "node:http2";
import { Socket } from "node:net";
import { answerClientFault, refuseConnection } from "./client-fault.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { takeHttp1 } from "./http1-intake.ts";
import { takeSession, takeStream } from "./http2-intake.ts";
import type { ProtocolHandlers } from "./listener.ts";
import { watchHalfClosed } from "./half-closed.ts";
import { noTunnels } from "./framing.ts";
import { mayUpgrade, takeUpgrade } from "./tunnel.ts";

/** The servers behind every listener of a gateway: one of HTTP/1.1 for all, and a session for each HTTP/2 connection. */
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
    // Uploads may take hours; silence in them is watched by `IdleWatch`.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    // Clients are told the time without it: a request on its way when the connection ends is lost, and Node's one second is
    // less than a process may be held up on a busy machine.
    keepAliveTimeoutBuffer: limits.keepAliveMs / 2,
    connectionsCheckingInterval:
      limits.headMs === 0 ? 5000 : Math.min(5000, Math.max(20, limits.headMs / 4)),
    // Node's own answer to a missing Host is no problem+json; `checkFraming` has one.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    // Behind an answer that is still owed, the bytes of another protocol would overtake it.
    shouldUpgradeCallback: (req) =>
      mayUpgrade(req) && connections.get(req.socket)?.hasPendingResponses === false,
  });
  // Not in the types. A client may end its half behind its last request and wait for the answer (RFC 9112 9.6).
  Object.assign(server, { httpAllowHalfOpen: true });
  server.maxHeadersCount = limits.headLines;
  server.on("request", (req: IncomingMessage, res: ServerResponse) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined)
      guard(core, connection, () => takeHttp1(core, connection, req, res));
  });
  // `checkFraming` refuses it; Node's own answer is no problem+json.
  server.on("checkExpectation", (req: IncomingMessage, res: ServerResponse) => {
    server.emit("request", req, res);
  });
  server.on("upgrade", (req, _socket, early) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined)
      guard(core, connection, () => takeUpgrade(core, connection, req, early));
  });
  server.on("connect", (req) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined) refuseConnection(core, connection, noTunnels);
  });
  server.on("clientError", (error, socket) => {
    const connection = socket instanceof Socket ? connections.get(socket) : undefined;
    if (connection !== undefined) answerClientFault(core, connection, error);
  });
  // It never listens itself: listeners hand it their connections. This switches its timers on all the same.
  server.emit("listening");
  return server;
}

/** A defect ends the connection it shows on, not the process that all connections are in. */
function guard({ log }: Core, { socket, place }: Connection, take: () => void): void {
  try {
    take();
  } catch (err) {
    log.error({ err, place }, "request failed by a defect of the gateway");
    socket.destroy();
  }
}

function openSession(core: Core, connection: Connection): void {
  const { limits } = core;
  const session = http2.performServerHandshake(connection.socket, {
    maxSessionMemory: 64,
    // A variant may repeat any header, and Node throws at some of them.
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
    guard(core, connection, () => takeStream(core, connection, stream, { flags, rawHeaders }));
  });
  takeSession(core, connection, session);
}
