import { maxEntries, maxFieldLength } from "./limits.ts";
import type { FieldValue } from "./route.ts";

/** The entries of a field in order, as they were written, or the limit it breaks. */
export type Split =
  | { readonly ok: true; readonly entries: readonly string[] }
  | { readonly ok: false; readonly reason: "TooLong" | "TooManyEntries" };

/**
 * Caps, then splits left to right at `,` with the white space around it, and where `pairs` says so also at `::`, so that
 * `:::` leaves a colon to the entry after it. Linear in the length: a regular expression for the white space before a
 * comma would be quadratic in a run of spaces.
 */
export function splitField(text: string, pairs: boolean): Split {
  if (text.length > maxFieldLength) return { ok: false, reason: "TooLong" };
  const entries: string[] = [];
  let from = 0;
  let comma = find(text, ",", 0);
  let pair = pairs ? find(text, "::", 0) : none;
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

function find(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? none : at;
}

/** Repeated lines are one list (RFC 9110 5.3), joined the way Node joins them; outer white space is not part of a value. */
export function joinLines(value: FieldValue): string {
  if (value === undefined) return "";
  return trimOws(typeof value === "string" ? value : value.join(", "));
}

/** Without the spaces and tabs around it; `trim` would also take a no-break space, which is a byte of the value. */
export function trimOws(text: string): string {
  const from = skipOws(text, 0);
  const to = endOfEntry(text, from, text.length);
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** Only A-Z: `toLowerCase` would make a `k` of U+212A, and so a valid name of an invalid one. */
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

/** Space or tab: RFC 9110 calls them OWS. */
function isOws(unit: number): boolean {
  return unit === 32 || unit === 9;
}
