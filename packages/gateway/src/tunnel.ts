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
 * True for what may become another protocol. `h2c`, also among others, is not: who wants HTTP/2 begins with it, and
 * inside a tunnel nothing would be routed or checked. Nor is a request with a
 * body, whose end an upgraded connection no longer shows. The rest are ordinary requests whose `Upgrade` is ignored.
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

/** A request to upgrade: `early` is what the client sent behind it. */
export function takeUpgrade(
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
    head: readHead(req.rawHeaders, core.vocabulary, connection.place),
    reply: replyOn(core, connection, req),
    startedAt: performance.now(),
    upgrades: true,
    fault: undefined,
  });
  if (exchange === undefined) return;
  // Counted while it waits, too: the limit is for what may become of it.
  core.upgrades++;
  connection.socket.once("close", () => core.upgrades--);
  new TunnelForward(exchange, early).send();
}

/** A response on a socket that Node's server has detached from; the connection ends with it. */
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

/** Asks the variant to upgrade. If it does, bytes go both ways; if not, its answer is an ordinary one. */
class TunnelForward extends Http1Forward {
  readonly #exchange: Exchange;
  readonly #early: Buffer;

  constructor(exchange: Exchange, early: Buffer) {
    const { connection, head } = exchange;
    super(exchange, requestHeaders(exchange), head.upgrade ?? "websocket");
    this.#exchange = exchange;
    this.#early = early;
    // Until the variant has answered, a client that closes its half has left: unless bytes for the variant are waiting.
    connection.socket.once("end", this.#leave);
  }

  readonly #leave = (): void => this.#exchange.connection.gone();

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

/** The protocol that the variant has chosen of those it was offered. */
function protocolOf(raw: readonly (Buffer | string)[]): string {
  const at = raw.findIndex((part, i) => i % 2 === 0 && String(part).toLowerCase() === "upgrade");
  return at < 0 ? "websocket" : String(raw[at + 1]);
}

/**
 * Bytes both ways. A client may end its half first and still gets what the variant has to say; when the variant ends,
 * the connection does, after everything it sent. A half that breaks takes the other along.
 */
function join(exchange: Exchange, upstream: Duplex): void {
  const { socket } = exchange.connection;
  exchange.abort = () => upstream.destroy();
  socket.setTimeout(0);
  socket.setNoDelay(true);
  upstream.on("data", (chunk: Buffer) => exchange.passed(chunk.length));
  upstream.on("error", () => socket.destroy());
  upstream.once("end", () => {
    // It takes nothing more, and a write to it would break what the client has yet to read.
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
 * Ends a connection whose client may still be sending: closing at once would reset it under what the client has yet to
 * read. What still comes is thrown away until the client ends too, or for a moment.
 */
function linger(socket: Socket): void {
  let timer: NodeJS.Timeout | undefined;
  socket.once("close", () => clearTimeout(timer));
  socket.end(() => {
    if (!socket.destroyed) timer = setTimeout(() => socket.destroy(), lingerMs);
  });
  socket.resume();
}
