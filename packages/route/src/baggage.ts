import { formatPins } from "./format.ts";
import type { FieldValue, Route, RouteFields } from "./route.ts";
import { trimOws } from "./split.ts";

const members = {
  "service-route": "pins",
  "source-route": "environment",
  "route-mode": "mode",
} as const;
type Member = keyof typeof members;
/** Twice what W3C Baggage 3.3.2 makes everybody carry, and all that Node accepts; beyond it nothing of ours is read. */
export const maxBaggageLength = 16_384;

/**
 * The raw route fields in a `baggage` header (W3C Baggage: `key=value;property, ...`, values percent-encoded), as the
 * headers would have said them. A `%` that is no escape is left as it is, so that parsing rejects its entry; a repeated
 * member is treated as a repeated header.
 */
export function readBaggage(value: FieldValue): RouteFields {
  const text = joined(value);
  // Most baggage isn't ours: one look spares the splitting.
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
 * The `baggage` header that mirrors the route: foreign members as they came, ours replaced. Undefined where nothing is
 * left to say.
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

/** What is no escape, or not one of an ASCII character. Without it `decodeURIComponent`, which is faster, says the same. */
const oddEscape = /%(?![0-7][0-9a-f])/i;

/** Bytes, not the characters they may encode: limits count bytes, and bytes beyond ASCII are in no name. */
function decode(value: string): string {
  if (!oddEscape.test(value)) return decodeURIComponent(value);
  return value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function joined(value: FieldValue): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : value.join(",");
}
