import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import type { Exchange } from "./exchange.ts";
import { readHead } from "./head.ts";
import { Http1Forward } from "./http1-forward.ts";
import { Http1Reply } from "./http1-reply.ts";
import { openExchange } from "./dispatch.ts";
import { renderRawHead } from "./raw-response.ts";
import { requestHeaders } from "./request-headers.ts";
import { readResponseHead } from "./response-head.ts";

/**
 * True for a request that may be upgraded. Not `h2c`, also in a list: nothing in such a tunnel would be routed or checked,
 * and clients can use prior knowledge. Not a request with a body, whose end is not visible on an upgraded connection. All
 * others are ordinary requests whose `Upgrade` is ignored.
 */
export function mayUpgrade(req: IncomingMessage): boolean {
  const { upgrade, "transfer-encoding": encoding, "content-length": length } = req.headers;
  return (
    req.method === "GET" &&
    req.httpVersion === "1.1" &&
    upgrade !== undefined &&
    !/(?:^|,)[ \t]*h2c[ \t]*(?:,|$)/i.test(upgrade) &&
    encoding === undefined &&
    (length === undefined || length === "0")
  );
}

/** Handles an upgrade request; `early` holds the bytes that the client sent after it. */
export function handleUpgrade(
  core: Core,
  connection: Connection,
  req: IncomingMessage,
  early: Buffer,
): void {
  const exchange = openExchange({
    core,
    connection,
    method: "GET",
    target: req.url ?? "/",
    http2: false,
    major: 1,
    minor: 1,
    head: readHead(req.rawHeaders, core.vocabulary, connection.role),
    reply: replyOn(core, connection, req),
    startedAt: performance.now(),
    upgrades: true,
    fault: undefined,
  });
  if (exchange === undefined) return;
  // Counted from the request on: every pending upgrade may become a connection.
  core.upgrades++;
  connection.socket.once("close", () => core.upgrades--);
  new TunnelForward(exchange, early).send();
}

/** A response on a socket that Node's server has detached from; closes the connection at its end. */
function replyOn(core: Core, connection: Connection, req: IncomingMessage): Http1Reply {
  const { socket } = connection;
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  socket.on("drain", () => res.emit("drain"));
  res.once("finish", () => {
    res.detachSocket(socket);
    socket.destroySoon();
  });
  return new Http1Reply(res, connection, core.flusher);
}

/** Requests an upgrade from the variant. If it refuses, its response is an ordinary one. */
class TunnelForward extends Http1Forward {
  readonly #exchange: Exchange;
  readonly #early: Buffer;

  constructor(exchange: Exchange, early: Buffer) {
    const { connection, head } = exchange;
    super(exchange, requestHeaders(exchange), head.upgrade ?? "websocket");
    this.#exchange = exchange;
    this.#early = early;
    // Before the variant responds, a half-close is a disconnect; `end` is not emitted while bytes for the variant are unread.
    connection.socket.once("end", this.#leave);
  }

  readonly #leave = (): void => this.#exchange.connection.onClosed();

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    upstream: Duplex,
  ): void {
    const exchange = this.#exchange;
    if (exchange.done) {
      upstream.destroy();
      return;
    }
    const { core, connection } = exchange;
    const raw = Array.isArray(controller.rawHeaders) ? controller.rawHeaders : [];
    const response = readResponseHead(status, raw, core.vocabulary.names);
    exchange.switchProtocol(response);
    const { socket } = connection;
    socket.off("end", this.#leave);
    const agreed = ["Connection", "Upgrade", "Upgrade", protocolOf(raw)];
    socket.write(renderRawHead(status, [...agreed, ...response.headers]), "latin1");
    if (this.#early.length > 0) socket.unshift(this.#early);
    join(exchange, upstream);
  }
}

/** The protocol that the variant selected. */
function protocolOf(raw: readonly (Buffer | string)[]): string {
  const at = raw.findIndex((part, i) => i % 2 === 0 && String(part).toLowerCase() === "upgrade");
  return at < 0 ? "websocket" : String(raw[at + 1]);
}

/**
 * Copies bytes in both directions. A client may close its half first and still receives what the variant sends. When the
 * variant closes, so does the client connection, after all its bytes are sent. An error on one side destroys both.
 */
function join(exchange: Exchange, upstream: Duplex): void {
  const { socket } = exchange.connection;
  exchange.abortUpstream = () => upstream.destroy();
  socket.setTimeout(0);
  socket.setNoDelay(true);
  upstream.on("data", (chunk: Buffer) => exchange.countTunnelBytes(chunk.length));
  upstream.on("error", () => socket.destroy());
  upstream.once("end", () => {
    // It reads nothing more; a write would reset the connection before the client has read everything.
    socket.unpipe(upstream);
    socket.resume();
  });
  upstream.once("close", () => {
    exchange.end([]);
    if (!socket.destroyed) linger(socket);
  });
  upstream.pipe(socket);
  socket.pipe(upstream);
}

const lingerMs = 5000;

/**
 * Closes a connection whose client may still be sending: closing at once would reset it before the client has read
 * everything. Further bytes are discarded until the client closes, or for `lingerMs`.
 */
function linger(socket: Socket): void {
  let timer: NodeJS.Timeout | undefined;
  socket.once("close", () => clearTimeout(timer));
  socket.end(() => {
    if (!socket.destroyed) timer = setTimeout(() => socket.destroy(), lingerMs);
  });
  socket.resume();
}
