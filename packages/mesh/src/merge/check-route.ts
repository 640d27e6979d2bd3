import { bytesOf, type Fields, fieldsOf, isFields, listOf, textsOf } from "../fields.ts";
import type { RouteKind } from "./route-kind.ts";
import { isRefusedByRe2, programBound } from "./re2.ts";

const maxRegexBytes = 1024;
/** `re2.max_program_size.error_level` as Istio sets it. */
const maxProgram = 32_768;
const maxRouteBytes = 32_768;
/** Nothing of Istio is so deep, and JSON of some thousand levels overflows the stack. */
const maxDepth = 32;
const actions = ["route", "redirect", "directResponse", "delegate"];
const matchStrings = ["uri", "scheme", "method", "authority"];
const matchMaps = ["headers", "withoutHeaders", "queryParams"];

/**
 * Why istiod would refuse a route, and with it the whole VirtualService, or undefined. It refuses more: whoever writes the result learns
 * that from the API server.
 */
export function checkRoute(
  route: Fields,
  kind: RouteKind,
  hosts: readonly string[],
): string | undefined {
  if (isDeeper(route, maxDepth)) return `is nested more than ${maxDepth} deep`;
  if (bytesOf(route) > maxRouteBytes) return `is over ${maxRouteBytes} bytes`;
  const { match } = route;
  if (match !== undefined && !(Array.isArray(match) && match.every(isFields)))
    return "match is not a list of objects";
  return (
    checkAction(route, kind) ??
    checkDestinations(route) ??
    listOf(match)
      .map((one) =>
        kind === "http" ? checkMatch(one) : kind === "tls" ? checkSni(one, hosts) : undefined,
      )
      .find(isFault) ??
    checkPatterns(route)
  );
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((one) => isDeeper(one, depth - 1));
}

/** `*.example.com` holds `a.example.com`. */
function checkSni({ sniHosts }: Fields, hosts: readonly string[]): string | undefined {
  const names = textsOf(sniHosts);
  if (names.length === 0) return "has a match without sniHosts";
  const foreign = names.find(
    (name) =>
      !hosts.some(
        (host) => host === name || (host.startsWith("*") && name.endsWith(host.slice(1))),
      ),
  );
  return foreign === undefined ? undefined : `matches ${foreign}, which is no host of the target`;
}

function isFault(text: string | undefined): boolean {
  return text !== undefined;
}

function checkAction(route: Fields, kind: RouteKind): string | undefined {
  const used = actions.filter((name) => route[name] !== undefined);
  if (kind !== "http" && used[0] !== "route") return "has no route: name a destination";
  if (used.length === 0) return "has no route, redirect or directResponse: name a destination";
  if (used.length > 1) return `has ${used.join(" and ")}: keep one`;
  return undefined;
}

function checkDestinations({ route }: Fields): string | undefined {
  if (route === undefined) return undefined;
  if (!Array.isArray(route) || route.length === 0 || !route.every(isFields))
    return "route is not a list of destinations";
  const hosts = route.map((one) => fieldsOf(one["destination"])["host"]);
  if (!hosts.every((host) => typeof host === "string" && host !== ""))
    return "a destination has no host";
  const weights = route.map(({ weight = 0 }) => weight);
  if (!weights.every((weight) => Number.isInteger(weight) && Number(weight) >= 0))
    return "a weight is not a whole number";
  const sum = weights.reduce<number>((all, weight) => all + Number(weight), 0);
  return route.length > 1 && sum === 0 ? "all weights are 0" : undefined;
}

function checkMatch(match: Fields): string | undefined {
  const strings = [
    ...matchStrings.map((name) => [name, match[name]] as const),
    ...matchMaps.flatMap((list) => Object.entries(fieldsOf(match[list]))),
  ];
  const headers = ["headers", "withoutHeaders"].flatMap((list) =>
    Object.keys(fieldsOf(match[list])),
  );
  const upper = headers.find((name) => name === "" || name !== name.toLowerCase());
  if (upper !== undefined) return `the header ${JSON.stringify(upper)} must be in lower case`;
  return strings.map(([name, value]) => checkString(name, value)).find(isFault);
}

function checkString(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (!isFields(value)) return `${name} is not an object with exact, prefix or regex`;
  const used = ["exact", "prefix", "regex"].filter((one) => value[one] !== undefined);
  if (used.length > 1) return `${name} has ${used.join(" and ")}: keep one`;
  if (!used.every((one) => typeof value[one] === "string")) return `${name} is not a text`;
  if (value["regex"] === "") return `${name} has an empty regex`;
  return undefined;
}

/** Every pattern of the route, also of a rewrite or of an origin: one that Envoy refuses takes all routes of its port along. */
function checkPatterns(route: Fields): string | undefined {
  const patterns = patternsOf(route);
  const long = patterns.find((one) => new TextEncoder().encode(one).length > maxRegexBytes);
  if (long !== undefined) return `has a regex over ${maxRegexBytes} bytes`;
  const size = patterns.reduce((sum, one) => sum + programBound(one), 0);
  if (size > maxProgram)
    return `has patterns that are too large for Envoy: use fewer or smaller repetitions, such as .* in place of .{0,900}`;
  const refused = patterns.find(isRefusedByRe2);
  return refused === undefined ? undefined : `has a regex that RE2 refuses: ${refused}`;
}

function patternsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(patternsOf);
  return Object.entries(fieldsOf(value)).flatMap(([name, one]) => {
    if (name === "uriRegexRewrite") return textsOf([fieldsOf(one)["match"]]);
    return name === "regex" && typeof one === "string" ? [one] : patternsOf(one);
  });
}
