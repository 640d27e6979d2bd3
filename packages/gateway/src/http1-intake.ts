import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { dispatch, openExchange } from "./dispatch.ts";
import { bodyTooLarge } from "./framing.ts";
import { readHead } from "./head.ts";
import { Http1Reply } from "./http1-reply.ts";
import { Upload } from "./upload.ts";

/** Handles an HTTP/1.1 request whose head has arrived. */
export function handleHttp1(
  core: Core,
  connection: Connection,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  // What follows a malformed request may be a part of it.
  if (connection.inputClosed) return;
  connection.trackResponse(res);
  const head = readHead(req.rawHeaders, core.vocabulary, connection.role);
  const exchange = openExchange({
    core,
    connection,
    method: req.method ?? "GET",
    target: req.url ?? "/",
    http2: false,
    major: req.httpVersionMajor,
    minor: req.httpVersionMinor,
    head,
    reply: new Http1Reply(res, connection, core.flusher),
    startedAt: performance.now(),
    upgrades: false,
    fault: undefined,
  });
  if (exchange === undefined) return;
  if (head.hasBody) {
    exchange.upload = new Upload({
      source: req,
      maxBytes: core.limits.bodyBytes,
      onTooLarge: () => exchange.refuse(bodyTooLarge(core.limits)),
    });
  }
  dispatch(exchange);
}
