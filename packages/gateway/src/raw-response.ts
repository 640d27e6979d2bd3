import { STATUS_CODES } from "node:http";
import { type Problem, renderProblem, statusOf } from "./problem.ts";

/** A response with `Connection: close` as bytes, for a connection that has no response object. */
export function renderRawProblem(problem: Problem): string {
  const status = statusOf(problem);
  const body = renderProblem(problem);
  return renderRawHead(status, [
    "content-type",
    "application/problem+json",
    "content-length",
    String(Buffer.byteLength(body)),
    "connection",
    "close",
  ]).concat(Buffer.from(body).toString("latin1"));
}

/** Status line and headers (name, value, name, value ...), the empty line included; latin1. */
export function renderRawHead(status: number, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (let at = 0; at + 1 < headers.length; at += 2)
    text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${text}\r\n`;
}
