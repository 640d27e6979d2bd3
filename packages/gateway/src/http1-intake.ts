import type { IncomingMessage, ServerResponse } from "node:http";
import { admit, type Admitted } from "./admission.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { dispatch } from "./dispatch.ts";
import { Exchange } from "./exchange.ts";
import { bodyTooLarge } from "./framing.ts";
import { type Head, readHead } from "./head.ts";
import { Http1Reply } from "./http1-reply.ts";
import { answerPage, answerServer, refuse, type Unforwarded } from "./own-answers.ts";
import { Upload } from "./upload.ts";

/** A request of HTTP/1.1 whose head has arrived. */
export function takeHttp1(
  core: Core,
  connection: Connection,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  // A request behind one that can't be trusted may be a part of it.
  if (connection.broken) return;
  connection.owe(res);
  const startedAt = performance.now();
  const { place } = connection;
  const head = readHead(
    req.rawHeaders,
    core.vocabulary,
    place.kind === "edge" ? "outside" : "inside",
  );
  const method = req.method ?? "GET";
  const target = req.url ?? "/";
  const { httpVersionMajor: major, httpVersionMinor: minor } = req;
  const admission = admit(core, connection, { method, target, http2: false, major, minor }, head);
  const reply = new Http1Reply(res, connection, core.flusher);
  if (admission.kind === "forward") {
    const { admitted } = admission;
    forward(core, { connection, method, head, reply, startedAt, req }, admitted);
    return;
  }
  const what: Unforwarded = { core, connection, method, path: target, head, reply, startedAt };
  if (admission.kind === "refuse") refuse(what, admission.problem, admission.headers);
  else if (admission.kind === "page") answerPage(what, admission.page);
  else answerServer(what);
}

interface Taken {
  readonly connection: Connection;
  readonly method: string;
  readonly head: Head;
  readonly reply: Http1Reply;
  readonly startedAt: number;
  readonly req: IncomingMessage;
}

function forward(core: Core, taken: Taken, admitted: Admitted): void {
  const { connection, method, head, reply, startedAt, req } = taken;
  const { path, parsed, decision, upstream } = admitted;
  const start = {
    core,
    connection,
    method,
    path,
    head,
    parsed,
    decision,
    upstream,
    reply,
    startedAt,
  };
  const exchange = new Exchange(start);
  if (head.hasBody) {
    exchange.upload = new Upload({
      source: req,
      maxBytes: core.limits.bodyBytes,
      onTooLarge: () => exchange.refuse(bodyTooLarge(core.limits)),
    });
  }
  dispatch(exchange);
}
