import type { Head } from "./head.ts";
import type { Limits } from "./limits.ts";
import type { Problem } from "./problem.ts";

/** The start line of a request, as its parser gave it. */
export interface StartLine {
  readonly method: string;
  readonly target: string;
  /** True for a stream: HTTP/2 frames its requests itself, and has no version in them. */
  readonly http2: boolean;
  readonly major: number;
  readonly minor: number;
}

/** Refuses what Node's parser accepts although two servers could read it differently. Nothing is repaired. */
export function checkFraming(line: StartLine, head: Head, limits: Limits): Problem | undefined {
  return (
    checkSizes(line, head, limits) ??
    checkVersion(line, head) ??
    checkExpectation(head) ??
    checkBodyFraming(line, head) ??
    checkHost(line, head)
  );
}

function checkSizes(line: StartLine, head: Head, limits: Limits): Problem | undefined {
  if (line.target.length > limits.targetBytes) {
    return {
      code: "TargetTooLong",
      detail: `The URL has ${line.target.length} bytes, which exceeds the limit of ${limits.targetBytes}`,
      fix: "Move long parameters into the body",
      close: true,
    };
  }
  if (head.lines > limits.headLines || head.bytes > limits.headBytes) {
    return {
      code: "HeadTooLarge",
      detail: `${head.lines} headers of ${head.bytes} bytes, which exceeds the limit of ${limits.headLines} or ${limits.headBytes}`,
      fix: "Send fewer or shorter headers; cookies are the usual cause",
      close: true,
    };
  }
  const declared = Number(head.contentLength ?? 0);
  return declared > limits.bodyBytes ? bodyTooLarge(limits) : undefined;
}

export function bodyTooLarge(limits: Limits): Problem {
  return {
    code: "BodyTooLarge",
    detail: `The body exceeds the limit of ${limits.bodyBytes} bytes`,
    fix: "Send a smaller body, or several requests",
    close: true,
  };
}

function checkVersion(line: StartLine, head: Head): Problem | undefined {
  if (line.http2) return undefined;
  if (line.major !== 1 || line.minor > 1) {
    return malformed(`HTTP/${line.major}.${line.minor} is not supported`, "Use HTTP/1.1 or HTTP/2");
  }
  return head.transferEncoding !== undefined && line.minor === 0
    ? malformed("Transfer-Encoding on HTTP/1.0", "Use HTTP/1.1")
    : undefined;
}

/** RFC 9110 10.1.1. Node answers `100-continue` itself. */
function checkExpectation({ expect }: Head): Problem | undefined {
  if (expect === undefined || expect.toLowerCase() === "100-continue") return undefined;
  return {
    code: "ExpectationFailed",
    detail: `Expect: ${expect.slice(0, 80)} can't be met`,
    fix: "Send Expect: 100-continue, or leave it out",
    close: true,
  };
}

function checkBodyFraming(line: StartLine, head: Head): Problem | undefined {
  const { transferEncoding } = head;
  if (transferEncoding !== undefined) {
    if (line.http2) return malformed("Transfer-Encoding in HTTP/2", "Remove it");
    if (head.transferEncodingLines > 1 || transferEncoding.toLowerCase() !== "chunked") {
      return malformed(
        "A Transfer-Encoding other than chunked",
        "Send Transfer-Encoding: chunked alone",
      );
    }
    if (head.contentLengthLines > 0) {
      return malformed("Content-Length beside Transfer-Encoding", "Send one of the two");
    }
  }
  if (head.contentLength === undefined) return undefined;
  return head.contentLengthLines > 1 || !/^[0-9]{1,15}$/.test(head.contentLength)
    ? malformed("A Content-Length that is not one number", "Send it once, in decimal digits")
    : undefined;
}

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9.])?|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?$/i;

function checkHost(line: StartLine, head: Head): Problem | undefined {
  if (head.host === undefined) {
    return !line.http2 && line.minor === 0
      ? undefined
      : malformed("No Host header", "Send the host of the URL");
  }
  if (head.hostLines > 1) return malformed("More than one Host header", "Send one");
  return hostPattern.test(head.host)
    ? undefined
    : malformed(
        `Host is not a name and a port: ${head.host.slice(0, 80)}`,
        "Send the host of the URL",
      );
}

export function malformed(detail: string, fix: string): Problem {
  return { code: "MalformedRequest", detail, fix, close: true };
}

/** The target of a request: a path in the form that is forwarded, or the server itself. */
export type Target =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "server" }
  | { readonly kind: "refused"; readonly problem: Problem };

/**
 * Reads the request target (RFC 9112 3.2). Never through `new URL`, which would read `//evil/p` as a host and
 * repair malformed targets.
 */
export function readTarget(method: string, target: string, host: string | undefined): Target {
  if (method === "CONNECT") return { kind: "refused", problem: noTunnels };
  if (target.includes("#"))
    return refusedTarget("A fragment in the request target", "Remove the fragment");
  if (target.startsWith("/")) return { kind: "path", path: target };
  if (target === "*") {
    return method === "OPTIONS"
      ? { kind: "server" }
      : refusedTarget("The target * is allowed for OPTIONS only", "Request a path");
  }
  return readAbsolute(target, host);
}

function readAbsolute(target: string, host: string | undefined): Target {
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute === null)
    return refusedTarget("The request target is neither a path nor an http URL", "Request a path");
  const [, authority = "", rest = ""] = absolute;
  if (authority.toLowerCase() !== host?.toLowerCase()) {
    return refusedTarget(
      "The URL in the request line and Host disagree",
      "Send the same host in both",
    );
  }
  return { kind: "path", path: rest.startsWith("/") ? rest : `/${rest}` };
}

export const noTunnels: Problem = Object.freeze({
  code: "MethodNotAllowed",
  detail: "CONNECT is not supported",
  fix: "Send the request without a tunnel",
});

function refusedTarget(detail: string, fix: string): Target {
  return { kind: "refused", problem: malformed(detail, fix) };
}
