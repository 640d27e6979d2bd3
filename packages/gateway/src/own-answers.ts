import { isLogged, writeAccess } from "./access-log.ts";
import type { NotForwarded } from "./admission.ts";
import type { Incoming } from "./incoming.ts";
import { type Problem, statusOf } from "./problem.ts";

/** Responds to a request that is not forwarded. */
export function answerOwn(incoming: Incoming, answer: NotForwarded): void {
  if (answer.kind === "refuse") refuse(incoming, answer.problem, answer.headers);
  else if (answer.kind === "server") answerServer(incoming);
  else if (answer.page.kind === "refused") refuse(incoming, answer.page.problem, []);
  else redirect(incoming, answer.page);
}

function refuse(incoming: Incoming, problem: Problem, headers: readonly string[]): void {
  incoming.core.refusals.count(problem.code);
  incoming.reply.problem(problem, headers);
  log(incoming, statusOf(problem), problem);
}

function redirect(
  incoming: Incoming,
  { location, setCookie }: { readonly location: string; readonly setCookie: string },
): void {
  answer(incoming, 303, [
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
function answerServer(incoming: Incoming): void {
  answer(incoming, 200, [
    "allow",
    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "content-length",
    "0",
  ]);
}

function answer(incoming: Incoming, status: number, headers: string[]): void {
  incoming.reply.begin({ status, message: "", headers, contentLength: 0, endStream: true });
  incoming.reply.end([]);
  log(incoming, status, undefined);
}

function log(incoming: Incoming, status: number, problem: Problem | undefined): void {
  const { core, connection, method, target: path, head, startedAt } = incoming;
  if (!isLogged(core.accessLog, status, problem?.code)) return;
  const { role, remote } = connection;
  writeAccess(core.log, {
    method,
    path,
    host: head.host,
    service: problem?.service ?? (role.kind === "mesh" ? role.callee : undefined),
    variant: problem?.variant,
    incarnation: undefined,
    via: undefined,
    caller: role.kind === "mesh" ? role.caller : undefined,
    status,
    reason: problem?.code,
    ms: Math.round((performance.now() - startedAt) * 10) / 10,
    bytes: 0,
    remote,
  });
}
