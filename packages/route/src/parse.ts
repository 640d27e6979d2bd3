import { maxFieldLength } from "./limits.ts";
import { isKey, parseVariant } from "./names.ts";
import { type Route, type RouteFields, type RouteMode, unrouted } from "./route.ts";
import { joinLines, lowerAscii, splitField } from "./split.ts";

export const rejectionReasons = [
  "TooLong",
  "TooManyEntries",
  "MalformedPin",
  "ShadowedPin",
  "MalformedEnvironment",
  "ConflictingEnvironments",
  "UnknownMode",
  "ConflictingModes",
] as const;
export type RejectionReason = (typeof rejectionReasons)[number];

/** A part of a field that was not accepted, and why. */
export interface Rejection {
  readonly field: "pins" | "environment" | "mode";
  readonly reason: RejectionReason;
  /** The rejected text, truncated to 80 characters. */
  readonly text: string;
}

export interface ParsedRoute {
  readonly route: Route;
  readonly rejected: readonly Rejection[];
}

const noPins: ReadonlyMap<string, string> = new Map();
const nothingRejected: readonly Rejection[] = Object.freeze([]);
const parsedUnrouted: ParsedRoute = Object.freeze({ route: unrouted, rejected: nothingRejected });

/**
 * Reads a route from the raw values of its fields. Never throws: invalid parts are listed in `rejected`. An empty field is
 * the same as an absent one; an empty entry beside others is rejected.
 */
export function parseRoute(fields: RouteFields): ParsedRoute {
  const pinText = joinLines(fields.pins);
  const environmentText = joinLines(fields.environment);
  const modeText = joinLines(fields.mode);
  if (pinText === "" && environmentText === "" && modeText === "") return parsedUnrouted;

  const rejected: Rejection[] = [];
  const pins = pinText === "" ? noPins : parsePins(pinText, rejected);
  const environment = parseEnvironment(environmentText, rejected);
  const mode = parseMode(modeText, rejected);
  return { route: { pins, environment, mode }, rejected };
}

/**
 * The leftmost pin of a service wins. Its repetition is dropped silently; another key for the same service is rejected
 * as shadowed.
 */
function parsePins(text: string, rejected: Rejection[]): ReadonlyMap<string, string> {
  const split = splitField(text, true);
  if (!split.ok) {
    rejected.push(rejection("pins", split.reason, text));
    return noPins;
  }
  const pins = new Map<string, string>();
  let canonicalLength = -separatorLength;
  for (const entry of split.entries) {
    // Most pins are in lower case already.
    const pin = parseVariant(entry) ?? parseVariant(lowerAscii(entry));
    if (pin === undefined) {
      rejected.push(rejection("pins", "MalformedPin", entry));
      continue;
    }
    const earlier = pins.get(pin.service);
    if (earlier === undefined) {
      pins.set(pin.service, pin.key);
      canonicalLength += separatorLength + entry.length;
    } else if (earlier !== pin.key) rejected.push(rejection("pins", "ShadowedPin", entry));
  }
  if (canonicalLength <= maxFieldLength) return pins;
  // Each `,` becomes `::`: the canonical form would exceed the limit at the next hop, which would drop the route.
  rejected.push(rejection("pins", "TooLong", text));
  return noPins;
}

const separatorLength = "::".length;

function parseEnvironment(text: string, rejected: Rejection[]): string | undefined {
  const name = parseSingle("environment", text, rejected);
  if (name === undefined || isKey(name)) return name;
  rejected.push(rejection("environment", "MalformedEnvironment", text));
  return undefined;
}

function parseMode(text: string, rejected: Rejection[]): RouteMode {
  const mode = parseSingle("mode", text, rejected);
  if (mode === "strict") return "strict";
  if (mode !== undefined && mode !== "fallback") {
    rejected.push(rejection("mode", "UnknownMode", text));
  }
  return "fallback";
}

const singleValued = {
  environment: { empty: "MalformedEnvironment", conflict: "ConflictingEnvironments" },
  mode: { empty: "UnknownMode", conflict: "ConflictingModes" },
} as const;

/** The value of a field that is not a list; repeated lines must be equal. */
function parseSingle(
  field: keyof typeof singleValued,
  text: string,
  rejected: Rejection[],
): string | undefined {
  if (text === "") return undefined;
  const split = splitField(text, false);
  if (!split.ok) {
    rejected.push(rejection(field, split.reason, text));
    return undefined;
  }
  let value: string | undefined;
  for (const written of split.entries) {
    const entry = lowerAscii(written);
    if (entry === "") rejected.push(rejection(field, singleValued[field].empty, entry));
    else if (value !== undefined && value !== entry) {
      rejected.push(rejection(field, singleValued[field].conflict, text));
      return undefined;
    } else value = entry;
  }
  return value;
}

function rejection(field: Rejection["field"], reason: RejectionReason, text: string): Rejection {
  return { field, reason, text: text.slice(0, 80) };
}
