import { createHash, timingSafeEqual } from "node:crypto";
import { isIPv4 } from "node:net";
import { ProblemError } from "./problems.ts";

/** What of a request decides whether it may be answered at all. */
export interface Caller {
  readonly host: string | undefined;
  readonly authorization: string | undefined;
  readonly remoteAddress: string | undefined;
}

/**
 * A page in a browser can make a name of its own point at this machine (DNS rebinding); its requests then carry that name
 * as Host. So only names that are always this machine's are served, and those that were configured.
 */
export function checkHost(caller: Caller, allowed: ReadonlySet<string>): void {
  const name = hostName(caller.host);
  if (name !== undefined && (isLoopbackName(name) || allowed.has(name))) return;
  throw new ProblemError("FORBIDDEN_HOST", {
    detail: `the Host ${JSON.stringify((caller.host ?? "").slice(0, 80))} is not allowed`,
    fix: "use http://127.0.0.1 with the port, as run.json and COCKTAIL_API give it",
  });
}

/** Changes need the token; so do reads that come from another machine. Throws where it is missing or wrong. */
export function checkToken(caller: Caller, token: string, isChange: boolean): void {
  if (!isChange && isLoopbackAddress(caller.remoteAddress)) return;
  const given = /^Bearer +([^ ]+)$/i.exec(caller.authorization ?? "")?.[1];
  if (given !== undefined && isEqual(given, token)) return;
  throw new ProblemError("UNAUTHORIZED", {
    detail: given === undefined ? "a bearer token is needed" : "the token is not the right one",
    fix: "send authorization: Bearer with the token of .cocktail/run.json, or set COCKTAIL_TOKEN",
  });
}

/** Takes as long for every wrong token: digests have one length, and are compared as a whole. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Without the port, lower case, brackets of an IPv6 address kept; undefined where it is not a host. */
function hostName(host: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/.exec((host ?? "").toLowerCase())?.[1];
}

function isLoopbackName(name: string): boolean {
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    (isIPv4(name) && name.startsWith("127."))
  );
}

function isLoopbackAddress(address: string | undefined): boolean {
  const plain = (address ?? "").replace(/^::ffff:/i, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}
