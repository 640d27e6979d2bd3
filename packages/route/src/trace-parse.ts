import type { Via } from "./resolve.ts";
import { type Hop, maxHops, maxTraceLength, type Trace } from "./trace.ts";

/** Proxies may join several lists into one; a longer trace is not read. */
const maxReadLength = maxTraceLength * 4;
const string = String.raw`"((?:[^"\\]|\\["\\])*)"`;
const name = "[a-z*][a-z0-9_.*-]*";
const parameter = `; *(${name})(?:=(?:${string}|([^";, ]+)))?`;
/** Without capturing groups: `parameters` captures the parts. */
const parameterRun = parameter.replaceAll(/\((?!\?)/g, "(?:");
const item = new RegExp(`^${string}((?:${parameterRun})*)$`);
const parameters = new RegExp(parameter, "g");

/** The hops of a trace header. Never throws: an item that is not a hop is dropped and sets `truncated`. */
export function parseTrace(value: string): Trace {
  if (value.length > maxReadLength) return { hops: [], truncated: true };
  const hops: Hop[] = [];
  let truncated = false;
  for (const text of splitItems(value)) {
    if (text === "") continue;
    const hop = parseHop(text);
    if (hop === undefined || hops.length === maxHops) truncated = true;
    else hops.push(hop);
  }
  return { hops, truncated };
}

/** Undefined for the token `truncated` and any other item that is not a hop. */
function parseHop(text: string): Hop | undefined {
  const match = item.exec(text);
  if (match === null) return undefined;
  const values = new Map<string, string>();
  for (const [, key = "", quoted, token = ""] of (match[2] ?? "").matchAll(parameters)) {
    values.set(key, quoted === undefined ? token : unquoted(quoted));
  }
  const via = values.get("via") ?? "";
  return isVia(via) ? hopOf(unquoted(match[1] ?? ""), via, values) : undefined;
}

function hopOf(service: string, via: Via, values: ReadonlyMap<string, string>): Hop {
  const hop: { -readonly [K in keyof Hop]: Hop[K] } = { service, via };
  for (const key of ["variant", "layer", "caller"] as const) {
    const text = values.get(key);
    if (text !== undefined) hop[key] = text;
  }
  for (const key of ["incarnation", "epoch", "ms"] as const) {
    const number = numberOf(values.get(key));
    if (number !== undefined) hop[key] = number;
  }
  const missed = values.get("missed");
  if (missed !== undefined) hop.missed = missed.split(", ");
  if (isTrue(values.get("lost"))) hop.lost = true;
  return hop;
}

function isVia(text: string): text is Via {
  return text === "pin" || text === "environment" || text === "stable" || text === "none";
}

/** RFC 9651 3.1.2 and 3.3.6: a parameter without a value is true. */
function isTrue(text: string | undefined): boolean {
  return text === "" || text === "?1";
}

/** RFC 9651 3.3.1 and 3.3.2. */
function numberOf(text: string | undefined): number | undefined {
  const valid = text !== undefined && /^-?[0-9]{1,15}(?:\.[0-9]{1,3})?$/.test(text);
  return valid ? Number(text) : undefined;
}

function unquoted(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

/** Splits at commas that are not inside a quoted string. */
function splitItems(value: string): readonly string[] {
  const items: string[] = [];
  let from = 0;
  let inString = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (inString && char === "\\") at++;
    else if (char === '"') inString = !inString;
    else if (char === "," && !inString) {
      items.push(value.slice(from, at).trim());
      from = at + 1;
    }
  }
  items.push(value.slice(from).trim());
  return items;
}
