import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { admit, type Admission } from "./admission.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { dispatch } from "./dispatch.ts";
import { Exchange } from "./exchange.ts";
import { bodyTooLarge, malformed } from "./framing.ts";
import { readHead } from "./head.ts";
import { fromHttp2 } from "./http2-headers.ts";
import { Http2Reply } from "./http2-reply.ts";
import { answerPage, answerServer, refuse, type Unforwarded } from "./own-answers.ts";
import { passableTrailers } from "./trailers.ts";
import { Upload } from "./upload.ts";

/** Watches over one HTTP/2 connection. */
export function takeSession(core: Core, connection: Connection, session: ServerHttp2Session): void {
  connection.session = session;
  if (connection.closing) session.close();
  session.on("error", (err: Error) => core.log.debug({ err }, "client's HTTP/2 session failed"));
  // Not `close`, which waits for the client: for the end of its streams, and of its half of the connection.
  session.setTimeout(core.limits.keepAliveMs, () => {
    if (!connection.busy) session.destroy();
  });
  // A client that closes its half counts as gone, as with HTTP/1.1.
  connection.socket.once("end", () => session.destroy());
}

export interface Incoming {
  readonly core: Core;
  readonly connection: Connection;
  readonly stream: ServerHttp2Stream;
}

/** A request of HTTP/2 whose head has arrived. */
export function takeStream(incoming: Incoming, flags: number, rawHeaders: readonly string[]): void {
  const startedAt = performance.now();
  const { core, connection, stream } = incoming;
  stream.on("error", () => undefined);
  const { method, path, raw, fault } = fromHttp2(rawHeaders);
  const outside = connection.place.kind === "edge";
  const head = readHead(raw, core.vocabulary, outside ? "outside" : "inside");
  const reply = new Http2Reply(stream, head.isGrpc);
  const admission: Admission =
    fault === undefined
      ? admit(core, connection, { method, target: path, http2: true, major: 2, minor: 0 }, head)
      : { kind: "refuse", problem: malformed(fault, "Send one of the two"), headers: [] };
  if (admission.kind === "forward") {
    const { admitted } = admission;
    const exchange = new Exchange({
      core,
      connection,
      method,
      head,
      reply,
      startedAt,
      ...admitted,
    });
    forward(incoming, exchange, (flags & constants.NGHTTP2_FLAG_END_STREAM) === 0);
    return;
  }
  const what: Unforwarded = { core, connection, method, path, head, reply, startedAt };
  if (admission.kind === "refuse") refuse(what, admission.problem, admission.headers);
  else if (admission.kind === "page") answerPage(what, admission.page);
  else answerServer(what);
}

function forward({ core, stream }: Incoming, exchange: Exchange, hasBody: boolean): void {
  stream.once("close", () => exchange.clientGone());
  if (hasBody) {
    exchange.upload = new Upload({
      source: stream,
      maxBytes: core.limits.bodyBytes,
      onTooLarge: () => exchange.refuse(bodyTooLarge(core.limits)),
    });
    stream.once("trailers", (_headers, _flags, raw) => {
      exchange.upload?.keepTrailers(passableTrailers(raw, core.vocabulary));
    });
  }
  dispatch(exchange);
}
