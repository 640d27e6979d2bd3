import { formatPins } from "./format.ts";
import type { FieldValue, Route, RouteFields } from "./route.ts";
import { trimOws } from "./split.ts";

const members = {
  "service-route": "pins",
  "source-route": "environment",
  "route-mode": "mode",
} as const;
type Member = keyof typeof members;
/** Twice the minimum that W3C Baggage 3.3.2 requires, and Node's limit for all headers; longer baggage is not read. */
export const maxBaggageLength = 16_384;

/**
 * The raw route fields in a `baggage` header (W3C Baggage: `key=value;property, ...`, values percent-encoded), in the form
 * of the header values. An invalid escape is left as it is, so that parsing rejects its entry; a repeated member is treated
 * as a repeated header.
 */
export function readBaggage(value: FieldValue): RouteFields {
  const text = joined(value);
  // Most baggage has no route member: a substring check avoids the split.
  if (text.length > maxBaggageLength || !(text.includes("e-route") || text.includes("route-m"))) {
    return {};
  }
  const fields: { pins?: string[]; environment?: string[]; mode?: string[] } = {};
  for (const entry of text.split(",")) {
    const member = memberOf(entry);
    if (member !== undefined) (fields[members[member]] ??= []).push(decode(valueOf(entry)));
  }
  return fields;
}

/**
 * The `baggage` header that mirrors the route: foreign members unchanged, route members replaced. Undefined where no
 * member is left.
 */
export function writeBaggage(existing: FieldValue, route: Route): string | undefined {
  const text = joined(existing);
  const foreign =
    text === ""
      ? []
      : text.split(",").filter((entry) => trimOws(entry) !== "" && memberOf(entry) === undefined);
  const own: string[] = [];
  const pins = formatPins(route);
  if (pins !== undefined) own.push(`service-route=${encodeURIComponent(pins)}`);
  if (route.environment !== undefined) own.push(`source-route=${route.environment}`);
  if (route.mode === "strict") own.push(`route-mode=${route.mode}`);
  const all = [...foreign, ...own];
  return all.length === 0 ? undefined : trimOws(all.join(","));
}

function memberOf(entry: string): Member | undefined {
  const equals = entry.indexOf("=");
  if (equals < 0) return undefined;
  const name = trimOws(entry.slice(0, equals));
  return isMember(name) ? name : undefined;
}

function isMember(name: string): name is Member {
  return Object.hasOwn(members, name);
}

function valueOf(entry: string): string {
  const value = entry.slice(entry.indexOf("=") + 1);
  const properties = value.indexOf(";");
  return trimOws(properties < 0 ? value : value.slice(0, properties));
}

/** An invalid escape, or one above ASCII. Without any, `decodeURIComponent` gives the same result as `decode`, faster. */
const nonAsciiEscape = /%(?![0-7][0-9a-f])/i;

/** Decodes to one character a byte, not as UTF-8: limits count bytes, and no name contains bytes above ASCII. */
function decode(value: string): string {
  if (!nonAsciiEscape.test(value)) return decodeURIComponent(value);
  return value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function joined(value: FieldValue): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : value.join(",");
}
