import { parseVariant, renderPinRegex } from "@cocktail/route";
import { type Fields, fieldsOf, isFields, listOf } from "../fields.ts";
import type { Reporter } from "./fault.ts";

/** The form that is passed around for pins: it matches every key that only begins alike, and misses lists joined by commas. */
const loose = /^\^?\((?:\?:)?([^()|*]+)\.\*\|\.\*::\1\.\*\)\$?$/;

/** The variant that a pattern of the loose form, or of ours, is about. */
export function claimOf(pattern: string): string | undefined {
  const named = loose.exec(pattern)?.[1] ?? ours.exec(pattern)?.[1];
  if (named === undefined) return undefined;
  const text = named.replaceAll(/\\(.)/g, "$1");
  return parseVariant(text) === undefined ? undefined : text;
}

const ours = new RegExp(
  `^${escape(renderPinRegex("a", "b")).replace("a:b", () => String.raw`([^()|*]+)`)}$`,
);

function escape(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
}

/** Replaces loose patterns by exact ones, or only reports them. */
export function withExactPatterns(route: Fields, tighten: boolean, report: Reporter): Fields {
  if (!Array.isArray(route["match"])) return route;
  const match = route["match"].map((one: unknown) => {
    if (!isFields(one) || !isFields(one["headers"])) return one;
    const headers = Object.entries(one["headers"]).map(
      ([name, value]) => [name, exact(value, tighten, report)] as const,
    );
    return { ...one, headers: Object.fromEntries(headers) };
  });
  return { ...route, match };
}

function exact(value: unknown, tighten: boolean, report: Reporter): unknown {
  const pattern = fieldsOf(value)["regex"];
  if (typeof pattern !== "string" || !loose.test(pattern)) return value;
  const claim = parseVariant(claimOf(pattern) ?? "");
  if (claim === undefined) return value;
  const { service, key } = claim;
  const fresh = renderPinRegex(service, key);
  report.warn(
    "LoosePattern",
    `${pattern} also matches ${service}:${key}2 and ${service}:${key}-x, and no list joined by commas: ${tighten ? "it is replaced by" : "write"} ${fresh}`,
  );
  return tighten ? { regex: fresh } : value;
}

/** The variants that a route is for. */
export function claimsOf(route: Fields): readonly string[] {
  return listOf(route["match"]).flatMap((match) =>
    Object.values(fieldsOf(match["headers"])).flatMap((value) => {
      const pattern = fieldsOf(value)["regex"];
      return (typeof pattern === "string" ? claimOf(pattern) : undefined) ?? [];
    }),
  );
}
