import { isLogged, writeAccess } from "./access-log.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import type { OwnPage } from "./entry-cookie.ts";
import type { Head } from "./head.ts";
import { type Problem, statusOf } from "./problem.ts";
import type { Reply } from "./reply.ts";

/** A request that the gateway answers by itself. */
export interface Unforwarded {
  readonly core: Core;
  readonly connection: Connection;
  readonly method: string;
  readonly path: string;
  readonly head: Head;
  readonly reply: Reply;
  readonly startedAt: number;
}

export function refuse(what: Unforwarded, problem: Problem, headers: readonly string[]): void {
  what.core.refusals.count(problem.code);
  what.reply.problem(problem, headers);
  log(what, statusOf(problem), problem);
}

export function answerPage(what: Unforwarded, page: OwnPage): void {
  if (page.kind === "refused") {
    refuse(what, page.problem, []);
    return;
  }
  const { location, setCookie } = page;
  answer(what, 303, [
    "location",
    location,
    "set-cookie",
    setCookie,
    "cache-control",
    "no-store",
    "content-length",
    "0",
  ]);
}

/** `OPTIONS *` (RFC 9110 9.3.7). */
export function answerServer(what: Unforwarded): void {
  answer(what, 200, [
    "allow",
    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "content-length",
    "0",
  ]);
}

function answer(what: Unforwarded, status: number, headers: string[]): void {
  what.reply.begin({ status, message: "", headers, contentLength: 0, last: true });
  what.reply.end([]);
  log(what, status, undefined);
}

function log(what: Unforwarded, status: number, problem: Problem | undefined): void {
  const { core, connection, method, path, head, startedAt } = what;
  if (!isLogged(core.accessLog, status, problem?.code)) return;
  const { place, remote } = connection;
  writeAccess(core.log, {
    method,
    path,
    host: head.host,
    service: problem?.service ?? (place.kind === "mesh" ? place.callee : undefined),
    variant: problem?.variant,
    incarnation: undefined,
    via: undefined,
    caller: place.kind === "mesh" ? place.caller : undefined,
    status,
    reason: problem?.code,
    ms: Math.round((performance.now() - startedAt) * 10) / 10,
    bytes: 0,
    remote,
  });
}
