import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type ProblemDetails, problemOf } from "./problems.ts";

/** How long a client may take to read the error before the connection is closed. */
const finalResponseMs = 2_000;

/** Answers input that Node's parser refuses, for which there is no request. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { status, body } = answerTo(clientProblems[error.code ?? ""] ?? malformed);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n` +
      `content-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // Delayed: closing with unread bytes sends a reset, which can overtake the response.
  const late = setTimeout(() => socket.destroy(), finalResponseMs);
  socket.once("close", () => clearTimeout(late));
}

/** Answers an `Expect` other than `100-continue`, which Node reports before the request. */
export function refuseExpectations(server: Server): void {
  server.on("checkExpectation", (_: IncomingMessage, response: ServerResponse) => {
    const { status, body } = answerTo(expectation);
    response.writeHead(status, { "content-type": "application/problem+json", connection: "close" });
    response.end(body);
  });
}

interface ClientProblem extends ProblemDetails {
  readonly code: "INVALID" | "TOO_LARGE";
}

function answerTo({ code, ...details }: ClientProblem): {
  readonly status: number;
  readonly body: string;
} {
  const problem = problemOf(code, details);
  return { status: problem.status, body: JSON.stringify(problem) };
}

const malformed: ClientProblem = {
  code: "INVALID",
  detail: "this is not an HTTP request",
  fix: "send HTTP/1.1",
};
const expectation: ClientProblem = {
  code: "INVALID",
  status: 417,
  detail: "only Expect: 100-continue is supported",
  fix: "omit the Expect header",
};
const clientProblems: Readonly<Record<string, ClientProblem>> = {
  HPE_HEADER_OVERFLOW: {
    code: "TOO_LARGE",
    status: 431,
    detail: "the headers exceed the limit of 16 KiB",
    fix: "send smaller headers",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: "INVALID",
    status: 408,
    detail: "the request took too long to arrive",
    fix: "send it again",
  },
};
