import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { codeOf } from "./failure.ts";
import { malformed } from "./framing.ts";
import type { Problem } from "./problem.ts";
import { renderRawProblem } from "./raw-response.ts";

/** The problem for an error of Node's parser or timers; undefined for a broken connection. */
export function describeClientFault(error: Error, core: Core): Problem | undefined {
  const code = codeOf(error);
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return {
      code: "RequestTimeout",
      detail: `The head of the request was not complete after ${core.limits.headMs} ms`,
      fix: "Send it faster",
      close: true,
    };
  }
  if (code === "HPE_HEADER_OVERFLOW") {
    const packet = "rawPacket" in error ? error.rawPacket : undefined;
    return overflow(Buffer.isBuffer(packet) ? packet : undefined, core);
  }
  if (!code.startsWith("HPE_")) return undefined;
  if (code === "HPE_INVALID_METHOD") {
    const method = unknownMethod(error);
    if (method !== undefined) return methodNotImplemented(method);
  }
  return malformed(`The request is not HTTP/1.1 (${code})`, "Send it through an HTTP library");
}

/** The method of a request line that is otherwise well formed. */
function unknownMethod(error: Error): string | undefined {
  const packet: unknown = Reflect.get(error, "rawPacket");
  const parsed = Number(Reflect.get(error, "bytesParsed"));
  if (!Buffer.isBuffer(packet)) return undefined;
  const start = parsed > 0 ? packet.lastIndexOf(10, parsed - 1) + 1 : 0;
  const line = packet.toString("latin1", start).split("\r\n", 1)[0];
  return /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP\/1\.[01]$/.exec(line ?? "")?.[1];
}

function methodNotImplemented(method: string): Problem {
  return {
    code: "MethodNotImplemented",
    detail: `The method ${method.slice(0, 40)} is not known`,
    fix: "Use a registered method; methods are case-sensitive",
    close: true,
  };
}

/** A packet without a line end can only be a long start line. */
function overflow(packet: Buffer | undefined, { limits }: Core): Problem {
  const lineEnd = packet?.indexOf(10) ?? 0;
  if (lineEnd < 0 || lineEnd > limits.targetBytes) {
    return {
      code: "TargetTooLong",
      detail: `The URL exceeds the limit of ${limits.targetBytes} bytes`,
      fix: "Move long parameters into the body",
      close: true,
    };
  }
  return {
    code: "HeadTooLarge",
    detail: `The headers exceed the limit of ${limits.headLines} lines or ${limits.headBytes} bytes`,
    fix: "Send fewer or shorter headers; cookies are the usual cause",
    close: true,
  };
}

/** Responds to a parse error or timeout, after the complete requests before it. */
export function answerClientFault(core: Core, connection: Connection, error: Error): void {
  if (connection.inputClosed) return;
  connection.inputClosed = true;
  // Bytes after a request with `Connection: close`: its response closes the connection.
  if (codeOf(error) === "HPE_CLOSED_CONNECTION") return;
  const problem = describeClientFault(error, core);
  if (problem === undefined) {
    connection.socket.destroy();
    return;
  }
  // The fault is in the body of a request in flight, or else in the next request.
  if (connection.refuseUpload(problem)) return;
  refuseConnection(core, connection, problem);
}

/** The last response of a connection that its parser has detached from. */
export function refuseConnection(core: Core, connection: Connection, problem: Problem): void {
  connection.inputClosed = true;
  core.refusals.count(problem.code);
  connection.writeFinalResponse(renderRawProblem(problem));
}
