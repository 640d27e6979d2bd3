import { malformed } from "./framing.ts";
import type { Problem } from "./problem.ts";

/** What a request asks for, in the form that goes on: a path, or the server itself. */
export type Target =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "server" }
  | { readonly kind: "refused"; readonly problem: Problem };

/**
 * Reads the request target (RFC 9112 3.2). Never through `new URL`, which would take `//evil/p` for a host and
 * repair what should be refused.
 */
export function readTarget(method: string, target: string, host: string | undefined): Target {
  if (method === "CONNECT") return { kind: "refused", problem: noTunnels };
  if (target.includes("#"))
    return refused("A fragment in the request target", "Leave out what follows #");
  if (target.startsWith("/")) return { kind: "path", path: target };
  if (target === "*") {
    return method === "OPTIONS"
      ? { kind: "server" }
      : refused("* is for OPTIONS only", "Ask for a path");
  }
  return readAbsolute(target, host);
}

function readAbsolute(target: string, host: string | undefined): Target {
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
  if (absolute === null) return refused("Neither a path nor a URL", "Ask for a path");
  const [, authority = "", rest = ""] = absolute;
  if (authority.toLowerCase() !== host?.toLowerCase()) {
    return refused("The URL in the request line and Host disagree", "Send the same host in both");
  }
  return { kind: "path", path: rest.startsWith("/") ? rest : `/${rest}` };
}

export const noTunnels: Problem = Object.freeze({
  code: "MethodNotAllowed",
  detail: "CONNECT asks for a tunnel, which this gateway does not make",
  fix: "Send the request itself",
});

function refused(detail: string, fix: string): Target {
  return { kind: "refused", problem: malformed(detail, fix) };
}
