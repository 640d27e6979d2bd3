import http, { type IncomingMessage, type ServerResponse } from "node:http";
import http2 from "node:http2";
import { Socket } from "node:net";
import { answerClientFault } from "./client-fault.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { takeHttp1 } from "./http1-intake.ts";
import { takeSession } from "./http2-intake.ts";
import type { Speakers } from "./listener.ts";
import { renderRawProblem } from "./raw-response.ts";
import { mayUpgrade, takeUpgrade } from "./tunnel.ts";

/** The servers behind every listener of a gateway: one of HTTP/1.1 for all, and a session for each HTTP/2 connection. */
export interface Servers extends Speakers {
  close(): void;
}

export function createServers(core: Core): Servers {
  const connections = new WeakMap<Socket, Connection>();
  const http1 = createHttp1(core, connections);
  return {
    http1: (connection) => {
      connections.set(connection.socket, connection);
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
    // Uploads may take hours; silence in them is watched by `BodyWatch`.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(5000, Math.max(20, limits.headMs / 4)),
    // Node's own answer to a missing Host is no problem+json; `checkFraming` has one.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
    shouldUpgradeCallback: mayUpgrade,
  });
  server.maxHeadersCount = Number.isFinite(limits.headLines) ? limits.headLines : 0;
  server.on("request", (req: IncomingMessage, res: ServerResponse) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined) takeHttp1(core, connection, req, res);
  });
  server.on("upgrade", (req, _socket, early) => {
    const connection = connections.get(req.socket);
    if (connection !== undefined) takeUpgrade(core, connection, req, early);
  });
  server.on("connect", (_req, socket) => socket.end(noTunnels, "latin1"));
  server.on("clientError", (error, socket) => {
    const connection = socket instanceof Socket ? connections.get(socket) : undefined;
    if (connection !== undefined) answerClientFault(core, connection, error);
  });
  // It never listens itself: listeners hand it their connections. This switches its timers on all the same.
  server.emit("listening");
  return server;
}

const noTunnels = renderRawProblem({
  code: "MethodNotAllowed",
  detail: "CONNECT asks for a tunnel, which this gateway does not make",
  fix: "Send the request itself",
});

function openSession(core: Core, connection: Connection): void {
  const { limits } = core;
  const session = http2.performServerHandshake(connection.socket, {
    maxSessionMemory: 64,
    maxHeaderListPairs: Number.isFinite(limits.headLines) ? limits.headLines + 8 : 1024,
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headBytes + limits.targetBytes + 4096,
      initialWindowSize: 1 << 20,
      enablePush: false,
    },
  });
  takeSession(core, connection, session);
}
