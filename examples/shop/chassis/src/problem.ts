import { STATUS_CODES } from "node:http";

/** RFC 9457, as far as the shop reads it; what else the gateway says goes along. */
export interface Problem {
  readonly [member: string]: unknown;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** Another service, or the way to it, refused. */
export class PeerFault extends Error {
  override readonly name = "PeerFault";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** The request itself is wrong; `statusCode` is what fastify calls it. */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** What a caller is told of an error. A bug is written to the log, and only there. */
export function problemFor(error: unknown): Problem {
  if (error instanceof PeerFault) return error.problem;
  const status = clientStatusOf(error);
  if (status === 500) console.error(error);
  const detail = error instanceof Error && status < 500 ? error.message : "see the log";
  return { title: STATUS_CODES[status] ?? "Refused", status, detail };
}

/** What fastify itself refuses (a body that isn't JSON, one that is too long) carries its 4xx as well. */
function clientStatusOf(error: unknown): number {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : 500;
  return typeof status === "number" && status >= 400 && status < 500 ? status : 500;
}
