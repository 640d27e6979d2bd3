import { RE2JS } from "re2js";
import type { Raw } from "./merge-objects.ts";

/** A request as Envoy sees it, each header once. */
export interface Seen {
  readonly uri: string;
  readonly method: string;
  readonly authority: string;
  readonly port: number;
  readonly sourceNamespace: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Text {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

function matchesText({ exact, prefix, regex }: Text, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (exact !== undefined) return value === exact;
  if (prefix !== undefined) return value.startsWith(prefix);
  return regex === undefined || compiled(regex).matches(value);
}

const patterns = new Map<string, RE2JS>();

function compiled(regex: string): RE2JS {
  const known = patterns.get(regex) ?? RE2JS.compile(regex);
  if (patterns.size < 10_000) patterns.set(regex, known);
  return known;
}

/** Whether a request matches a route, as Istio documents HTTPMatchRequest. Written for tests, apart from what it tests. */
export function matchesRoute(route: Raw, seen: Seen): boolean {
  const { match = [{}] } = route as { match?: readonly Raw[] };
  return (match.length === 0 ? [{}] : match).some((one) => matchesOne(one, seen));
}

function matchesOne(match: Raw, seen: Seen): boolean {
  const texts = (name: string) => Object.entries((match[name] ?? {}) as Record<string, Text>);
  const fold = match["ignoreUriCase"] === true;
  const lower = (text: string): string => (fold ? text.toLowerCase() : text);
  const uri = match["uri"] as Text | undefined;
  const folded =
    uri &&
    Object.fromEntries(Object.entries(uri).map(([name, text]) => [name, lower(String(text))]));
  return (
    (folded === undefined || matchesText(folded, lower(seen.uri))) &&
    (["method", "authority"] as const).every(
      (name) => match[name] === undefined || matchesText(match[name] as Text, seen[name]),
    ) &&
    (["port", "sourceNamespace"] as const).every(
      (name) => match[name] === undefined || match[name] === seen[name],
    ) &&
    texts("headers").every(([name, text]) => matchesText(text, seen.headers[name])) &&
    !texts("withoutHeaders").some(([name, text]) => matchesText(text, seen.headers[name]))
  );
}
