import { canonical, type Fields, fieldsOf, isFields, listOf, textsOf } from "../fields.ts";
import { matchesEach } from "./re2.ts";

/*
 * Two questions about the matches of two routes of http, tcp or tls. Both are answered on the safe side: `mayOverlap` says yes in doubt,
 * `covers` says no.
 */

/** False only if no request can match both routes. */
export function mayOverlap(a: Fields, b: Fields): boolean {
  return matchesOf(a).some((one) => matchesOf(b).some((other) => !areDisjoint(one, other)));
}

/** True only if every request that matches `b` matches `a`. A route that delegates may let requests pass. */
export function covers(a: Fields, b: Fields): boolean {
  if (a["delegate"] !== undefined) return false;
  return matchesOf(b).every((one) => matchesOf(a).some((other) => contains(other, one)));
}

/** How many matches `covers` may compare. */
export function comparisonsOf(a: Fields, b: Fields): number {
  return matchesOf(a).length * matchesOf(b).length;
}

/** True for a route that asks nothing of a request: at most its port, its gateway, and what it must not have. */
export function matchesAll(route: Fields, kind: "http" | "tcp" | "tls"): boolean {
  const aside = kind === "http" ? ["port", "gateways", "withoutHeaders"] : [];
  return matchesOf(route).some((match) => {
    const asked = Object.entries(match).filter(([name]) => !aside.includes(name));
    return contains(Object.fromEntries(asked), {});
  });
}

/** True for a route that is there for its destinations alone: each of its matches wants a header both present and absent. */
export function matchesNothing(route: Fields): boolean {
  return matchesOf(route).every((match) => excludes(match, match));
}

export const singleValued = ["uri", "scheme", "method", "authority"];
const operators = ["exact", "prefix", "regex"];
export const headerLists = ["headers", "queryParams"];

const known = new WeakMap<Fields, readonly Fields[]>();

/** A route without match matches everything: one empty match says the same. Remembered, since a route is compared with many. */
export function matchesOf(route: Fields): readonly Fields[] {
  const before = known.get(route);
  if (before !== undefined) return before;
  const matches = listOf(route["match"]);
  const all = matches.length === 0 ? [{}] : matches;
  known.set(route, all);
  return all;
}

function areDisjoint(a: Fields, b: Fields): boolean {
  return (
    differ(a["port"], b["port"]) ||
    differ(a["sourceNamespace"], b["sourceNamespace"]) ||
    haveNothingInCommon(a["gateways"], b["gateways"], (one, other) => one === other) ||
    haveNothingInCommon(a["sniHosts"], b["sniHosts"], hostsOverlap) ||
    Object.entries(fieldsOf(a["sourceLabels"])).some(([name, value]) =>
      differ(value, own(fieldsOf(b["sourceLabels"]), name)),
    ) ||
    singleValued.some((name) => {
      const fold = name === "uri" && (a["ignoreUriCase"] === true || b["ignoreUriCase"] === true);
      return stringsDisjoint(a[name], b[name], fold);
    }) ||
    excludes(a, b) ||
    excludes(b, a)
  );
}

function differ(a: unknown, b: unknown): boolean {
  return isSet(a) && isSet(b) && a !== b;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== 0 && value !== "";
}

function haveNothingInCommon(
  a: unknown,
  b: unknown,
  match: (one: string, other: string) => boolean,
): boolean {
  const [ours, theirs] = [textsOf(a), textsOf(b)];
  if (ours.length === 0 || theirs.length === 0) return false;
  return !ours.some((one) => theirs.some((other) => match(one, other)));
}

/** `*.example.com` holds `a.example.com`. */
function hostsOverlap(a: string, b: string): boolean {
  if (a.startsWith("*") && b.endsWith(a.slice(1))) return true;
  return a === b || (b.startsWith("*") && a.endsWith(b.slice(1)));
}

/** Of a value that a request has once. A regex may match anything. */
function stringsDisjoint(a: unknown, b: unknown, fold: boolean): boolean {
  const [one, other] = [beginning(a, fold), beginning(b, fold)];
  if (one === undefined || other === undefined) return false;
  if (one.isWhole && other.isWhole) return one.text !== other.text;
  if (one.isWhole) return !one.text.startsWith(other.text);
  if (other.isWhole) return !other.text.startsWith(one.text);
  return !one.text.startsWith(other.text) && !other.text.startsWith(one.text);
}

function beginning(
  match: unknown,
  fold: boolean,
): { readonly text: string; readonly isWhole: boolean } | undefined {
  const { exact, prefix } = fieldsOf(match);
  const text = exact ?? prefix;
  if (typeof text !== "string") return undefined;
  return { text: fold ? text.toLowerCase() : text, isWhole: exact !== undefined };
}

/**
 * One match wants a header that the other wants absent. Values of headers never make matches disjoint: a header may be repeated, and some
 * versions of Envoy match each line alone.
 */
function excludes(a: Fields, b: Fields): boolean {
  const wanted = new Set(Object.keys(fieldsOf(a["headers"])).map((name) => name.toLowerCase()));
  return Object.entries(fieldsOf(b["withoutHeaders"])).some(
    ([name, match]) => wanted.has(name.toLowerCase()) && isPresence(match),
  );
}

function isPresence(match: unknown): boolean {
  return isFields(match) && operators.every((name) => match[name] === undefined);
}

const understood = new Set([
  ...singleValued,
  ...headerLists,
  "withoutHeaders",
  "sourceLabels",
  "gateways",
  "port",
  "sourceNamespace",
  "ignoreUriCase",
  "name",
  "statPrefix",
]);

/** Every condition of `a` follows from those of `b`. What tells most routes apart is asked first. */
function contains(a: Fields, b: Fields): boolean {
  if (!headerLists.every((list) => valuesFollow(a[list], b[list]))) return false;
  const same = (name: string): boolean => !isSet(a[name]) || a[name] === b[name];
  if (Object.keys(a).some((name) => !understood.has(name))) {
    // sniHosts, subnets and what Istio may add: only an equal one follows.
    return canonical(a) === canonical(b);
  }
  return (
    same("port") &&
    same("sourceNamespace") &&
    gatewaysFollow(a["gateways"], b["gateways"]) &&
    Object.entries(fieldsOf(a["sourceLabels"])).every(
      ([name, value]) => fieldsOf(b["sourceLabels"])[name] === value,
    ) &&
    singleValued.every((name) => isAlways(name, a[name]) || stringFollows(a, b, name)) &&
    Object.entries(fieldsOf(a["withoutHeaders"])).every(
      ([name, match]) => canonical(match) === canonical(fieldsOf(b["withoutHeaders"])[name]),
    )
  );
}

function valuesFollow(a: unknown, b: unknown): boolean {
  if (!isFields(a)) return true;
  const theirs = fieldsOf(b);
  for (const name of Object.keys(a))
    if (!isAlwaysThere(name, a[name]) && !valueFollows(a[name], own(theirs, name))) return false;
  return true;
}

/** Names are data: `__proto__` and `constructor` are none that every object has. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function gatewaysFollow(a: unknown, b: unknown): boolean {
  const [ours, theirs] = [textsOf(a), textsOf(b)];
  if (ours.length === 0) return true;
  return theirs.length > 0 && theirs.every((one) => ours.includes(one));
}

/** Conditions that are known to match every request: one without an operator asks only that there is a value, and there is. */
function isAlways(name: string, match: unknown): boolean {
  if (!isFields(match) || isPresence(match)) return true;
  const { prefix, regex } = match;
  if (prefix === "" || (name === "uri" && prefix === "/")) return true;
  const texts = name === "method" ? methods : name === "scheme" ? schemes : unlikely;
  return typeof regex === "string" && matchesEach(regex, texts);
}

/** Headers that Envoy gives every request. */
const alwaysThere: Readonly<Record<string, string>> = {
  ":path": "uri",
  ":method": "method",
  ":scheme": "scheme",
  ":authority": "authority",
  host: "authority",
  "x-forwarded-proto": "scheme",
  "x-request-id": "id",
};

function isAlwaysThere(header: string, match: unknown): boolean {
  const name = own(alwaysThere, header);
  return typeof name === "string" && isFields(match) && isAlways(name, match);
}

const unlikely = ["/", "/q7", "/Z/9"];
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const schemes = ["http", "https"];

function stringFollows(a: Fields, b: Fields, name: string): boolean {
  if (name === "uri" && a["ignoreUriCase"] !== b["ignoreUriCase"]) return false;
  return valueFollows(a[name], b[name]);
}

function valueFollows(a: unknown, b: unknown): boolean {
  if (!isFields(b)) return false;
  if (isPresence(a) || (isFields(a) && operators.every((name) => a[name] === b[name]))) return true;
  const prefix = fieldsOf(a)["prefix"];
  const text = b["exact"] ?? b["prefix"];
  return typeof prefix === "string" && typeof text === "string" && text.startsWith(prefix);
}
