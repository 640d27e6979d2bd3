import { createHash, timingSafeEqual } from "node:crypto";
import { isIPv4 } from "node:net";
import { ProblemError } from "./problems.ts";

/** The properties of a request that are checked before it is handled. */
export interface Caller {
  readonly host: string | undefined;
  readonly authorization: string | undefined;
  readonly remoteAddress: string | undefined;
  /** The headers by which a browser says which page sent the request; other clients send neither. */
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

/**
 * Protects against DNS rebinding: a web page can make its own name resolve to this machine, and its requests then carry
 * that name as Host. Only loopback names and configured names are allowed.
 */
export function checkHost(caller: Caller, allowed: ReadonlySet<string>): void {
  const name = hostName(caller.host);
  if (name !== undefined && (isLoopbackName(name) || allowed.has(name))) return;
  throw new ProblemError("FORBIDDEN_HOST", {
    detail: `the Host ${JSON.stringify((caller.host ?? "").slice(0, 80))} is not allowed`,
    fix: "use http://127.0.0.1 with the port, as in run.json and COCKTAIL_API",
  });
}

/**
 * A page of another origin can't read an answer, but it can time one, see whether it is an error, and keep streams open.
 * Pages inside the cocktail are of another origin too.
 */
export function checkOrigin({ fetchSite, host, origin }: Caller): void {
  const isOwn =
    fetchSite === undefined
      ? origin === undefined || origin.toLowerCase() === `http://${host?.toLowerCase()}`
      : fetchSite === "same-origin" || fetchSite === "none";
  if (isOwn) return;
  throw new ProblemError("FORBIDDEN_ORIGIN", {
    detail: "a browser sent this for a page of another origin",
    fix: "type the address into the browser, or use a client that is no web page",
  });
}

/**
 * Changes, reads of logs and variables, and every read from another machine require the token. Throws if it is missing or
 * wrong there; elsewhere false says so.
 */
export function checkToken(caller: Caller, token: string, isNeeded: boolean): boolean {
  const given = /^Bearer +([^ ]+)$/i.exec(caller.authorization ?? "")?.[1];
  if (given !== undefined && isEqual(given, token)) return true;
  if (!isNeeded && isLoopbackAddress(caller.remoteAddress)) return false;
  throw new ProblemError("UNAUTHORIZED", {
    detail: given === undefined ? "a bearer token is required" : "the bearer token is invalid",
    fix: "send authorization: Bearer with the token of .cocktail/run.json, or set COCKTAIL_TOKEN",
  });
}

/** Compares in constant time: digests have equal lengths. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** The host without its port, in lower case, with the brackets of an IPv6 address; undefined if it is not a valid host. */
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
