import { maxEntries, maxFieldLength } from "./limits.ts";
import type { FieldValue } from "./route.ts";

/** The entries of a field, unchanged and in order, or the limit that it exceeds. */
export type Split =
  | { readonly ok: true; readonly entries: readonly string[] }
  | { readonly ok: false; readonly reason: "TooLong" | "TooManyEntries" };

/**
 * Checks the limits and splits from left to right: at `,` with the white space around it, and with `atPairs` at `::` too, so
 * that the third colon of `:::` belongs to the next entry. Linear in the length: a regular expression for the white space
 * before a comma would be quadratic in a run of spaces.
 */
export function splitField(text: string, atPairs: boolean): Split {
  if (text.length > maxFieldLength) return { ok: false, reason: "TooLong" };
  const entries: string[] = [];
  let from = 0;
  let comma = find(text, ",", 0);
  let pair = atPairs ? find(text, "::", 0) : none;
  while (comma !== none || pair !== none) {
    if (pair < comma) {
      entries.push(text.slice(from, pair));
      from = pair + 2;
    } else {
      entries.push(text.slice(from, endOfEntry(text, from, comma)));
      from = skipOws(text, comma + 1);
    }
    if (entries.length === maxEntries) return { ok: false, reason: "TooManyEntries" };
    if (comma < from) comma = find(text, ",", from);
    if (pair < from) pair = find(text, "::", from);
  }
  entries.push(text.slice(from));
  return { ok: true, entries };
}

const none = Number.POSITIVE_INFINITY;

function find(text: string, separator: string, from: number): number {
  const at = text.indexOf(separator, from);
  return at < 0 ? none : at;
}

/** Repeated lines are one list (RFC 9110 5.3), joined by one byte as Envoy joins them, without outer white space. */
export function joinLines(value: FieldValue): string {
  if (value === undefined) return "";
  return trimOws(typeof value === "string" ? value : value.join(","));
}

/** Trims spaces and tabs; `trim` would also remove a no-break space, which is part of the value. */
export function trimOws(text: string): string {
  const from = skipOws(text, 0);
  const to = endOfEntry(text, from, text.length);
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** Lowers A-Z only: `toLowerCase` maps U+212A to `k`, which would make an invalid name valid. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
}

function skipOws(text: string, from: number): number {
  let at = from;
  while (isOws(text.charCodeAt(at))) at++;
  return at;
}

function endOfEntry(text: string, from: number, to: number): number {
  let end = to;
  while (end > from && isOws(text.charCodeAt(end - 1))) end--;
  return end;
}

/** Space or tab: OWS in RFC 9110. */
function isOws(unit: number): boolean {
  return unit === 32 || unit === 9;
}
