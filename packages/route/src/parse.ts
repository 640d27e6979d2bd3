import { maxEntries, maxFieldLength } from "./limits.ts";
import { isKey, isServiceName } from "./names.ts";
import {
  type FieldValue,
  type Route,
  type RouteFields,
  type RouteMode,
  unrouted,
} from "./route.ts";

export const rejectionReasons = [
  "TooLong",
  "TooManyEntries",
  "MalformedPin",
  "ShadowedPin",
  "MalformedEnvironment",
  "ConflictingEnvironments",
  "UnknownMode",
] as const;
export type RejectionReason = (typeof rejectionReasons)[number];

/** Something a field said that is not part of the route, and why. */
export interface Rejection {
  readonly field: "pins" | "environment" | "mode";
  readonly reason: RejectionReason;
  /** The offending text, at most 80 characters of it. */
  readonly text: string;
}

export interface ParsedRoute {
  readonly route: Route;
  readonly rejected: readonly Rejection[];
}

const separator = /::|[ \t]*,[ \t]*/;
const noPins: ReadonlyMap<string, string> = new Map();
const accepted: ParsedRoute = Object.freeze({ route: unrouted, rejected: Object.freeze([]) });

/**
 * Reads a route from the raw values of its fields. Never throws: what it can't accept it names in `rejected`.
 * A duplicate of an accepted pin is dropped silently; another key for the same service is rejected as shadowed, because
 * the leftmost pin wins.
 */
export function parseRoute(fields: RouteFields): ParsedRoute {
  const pinText = joinLines(fields.pins);
  const environmentText = joinLines(fields.environment);
  const modeText = joinLines(fields.mode);
  if (pinText === "" && environmentText === "" && modeText === "") return accepted;

  const rejected: Rejection[] = [];
  const pins = pinText === "" ? noPins : parsePins(pinText, rejected);
  const environment = parseEnvironment(environmentText, rejected);
  const mode = parseMode(modeText, rejected);
  return { route: { pins, environment, mode }, rejected };
}

function parsePins(text: string, rejected: Rejection[]): ReadonlyMap<string, string> {
  const entries = splitField("pins", text, separator, rejected);
  if (entries === undefined) return noPins;
  const pins = new Map<string, string>();
  for (const entry of entries) {
    const colon = entry.indexOf(":");
    const service = entry.slice(0, Math.max(colon, 0));
    const key = entry.slice(colon + 1);
    if (colon < 0 || !isServiceName(service) || !isKey(key)) {
      rejected.push(rejection("pins", "MalformedPin", entry));
      continue;
    }
    const earlier = pins.get(service);
    if (earlier === undefined) pins.set(service, key);
    else if (earlier !== key) rejected.push(rejection("pins", "ShadowedPin", entry));
  }
  return pins;
}

function parseEnvironment(text: string, rejected: Rejection[]): string | undefined {
  if (text === "") return undefined;
  const values = splitField("environment", text, /[ \t]*,[ \t]*/, rejected);
  const name = values?.[0];
  if (values === undefined || name === undefined) return undefined;
  if (values.some((other) => other !== name)) {
    rejected.push(rejection("environment", "ConflictingEnvironments", text));
    return undefined;
  }
  if (!isKey(name)) {
    rejected.push(rejection("environment", "MalformedEnvironment", text));
    return undefined;
  }
  return name;
}

function parseMode(text: string, rejected: Rejection[]): RouteMode {
  if (text === "") return "fallback";
  const values = splitField("mode", text, /[ \t]*,[ \t]*/, rejected);
  const mode = values?.[0];
  if (values === undefined) return "fallback";
  if ((mode === "strict" || mode === "fallback") && values.every((other) => other === mode))
    return mode;
  rejected.push(rejection("mode", "UnknownMode", text));
  return "fallback";
}

/** Cap, lower-case, split: the order is part of the grammar. Undefined where the field is over a limit. */
function splitField(
  field: Rejection["field"],
  text: string,
  at: RegExp,
  rejected: Rejection[],
): readonly string[] | undefined {
  if (text.length > maxFieldLength) {
    rejected.push(rejection(field, "TooLong", text));
    return undefined;
  }
  const entries = lowerAscii(text).split(at, maxEntries + 1);
  if (entries.length > maxEntries) {
    rejected.push(rejection(field, "TooManyEntries", text));
    return undefined;
  }
  return entries;
}

/** Only A-Z: `toLowerCase` would make a `k` of U+212A, and so a valid name of an invalid one. */
function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()) : text;
}

/** Repeated lines are one list (RFC 9110 5.3), joined the way Node joins them; outer white space is not part of a value. */
function joinLines(value: FieldValue): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : value.join(", ");
  return needsTrim(text) ? trimOws(text) : text;
}

function needsTrim(text: string): boolean {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  return first === 32 || first === 9 || last === 32 || last === 9;
}

function trimOws(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isOws(text.charCodeAt(from))) from++;
  while (to > from && isOws(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isOws(code: number): boolean {
  return code === 32 || code === 9;
}

function rejection(field: Rejection["field"], reason: RejectionReason, text: string): Rejection {
  return { field, reason, text: text.slice(0, 80) };
}
