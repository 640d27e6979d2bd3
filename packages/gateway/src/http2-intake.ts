import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { dispatch, openExchange } from "./dispatch.ts";
import { bodyTooLarge, malformed } from "./framing.ts";
import { readHead } from "./head.ts";
import { fromHttp2 } from "./http2-headers.ts";
import { Http2Reply } from "./http2-reply.ts";
import { passableTrailers } from "./trailers.ts";
import { Upload } from "./upload.ts";

/** Sets the timeouts and the close handling of an HTTP/2 connection. */
export function handleSession(
  core: Core,
  connection: Connection,
  session: ServerHttp2Session,
): void {
  connection.session = session;
  if (connection.closing) session.close();
  session.on("error", (err: Error) => core.log.debug({ err }, "client's HTTP/2 session failed"));
  // Not `close`, which waits until the client has ended its streams and its half of the connection.
  session.setTimeout(core.limits.keepAliveMs, () => {
    if (!connection.busy) session.destroy();
  });
  // A half-close counts as a disconnect: a client of HTTP/2 can then neither acknowledge nor open its window.
  connection.socket.once("end", () => session.destroy());
}

/** Handles an HTTP/2 request whose head has arrived. */
export function handleStream(
  core: Core,
  connection: Connection,
  stream: ServerHttp2Stream,
  { flags, rawHeaders }: { readonly flags: number; readonly rawHeaders: readonly string[] },
): void {
  stream.on("error", () => undefined);
  const { method, path, raw, fault } = fromHttp2(rawHeaders);
  const head = readHead(raw, core.vocabulary, connection.role);
  const exchange = openExchange({
    core,
    connection,
    method,
    target: path,
    http2: true,
    major: 2,
    minor: 0,
    head,
    reply: new Http2Reply(stream, head.isGrpc),
    startedAt: performance.now(),
    upgrades: false,
    fault: fault === undefined ? undefined : malformed(fault, "Send one of the two"),
  });
  if (exchange === undefined) return;
  stream.once("close", () => exchange.clientGone());
  if ((flags & constants.NGHTTP2_FLAG_END_STREAM) === 0) {
    exchange.upload = new Upload({
      source: stream,
      maxBytes: core.limits.bodyBytes,
      onTooLarge: () => exchange.refuse(bodyTooLarge(core.limits)),
    });
    stream.once("trailers", (_headers, _flags, trailers) => {
      exchange.upload?.setTrailers(passableTrailers(trailers, core.vocabulary));
    });
  }
  dispatch(exchange);
}
