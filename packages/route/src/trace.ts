import type { Via } from "./resolve.ts";

/** One hop of a traced request, as the gateway that made it saw it. */
export interface Hop {
  readonly service: string;
  /** The variant's key; absent where nothing served. */
  readonly variant?: string | undefined;
  readonly via: Via;
  /** The layer that answered. */
  readonly layer?: string | undefined;
  readonly incarnation?: number | undefined;
  /** Who asked, as `service:key`; absent at the edge. */
  readonly caller?: string | undefined;
  /** What the route named here that is not live. */
  readonly missed?: readonly string[] | undefined;
  /** Set where the caller dropped the route: it has a routed request in flight and sent this one without. */
  readonly lost?: boolean | undefined;
  /** Until the response's head, in milliseconds. */
  readonly ms?: number | undefined;
}

export interface Trace {
  readonly hops: readonly Hop[];
  /** True where hops were dropped at a limit. */
  readonly truncated: boolean;
}

export const maxHops = 64;
export const maxTraceLength = 4096;
const truncatedMark = "truncated";

/**
 * A list of RFC 9651 items, one a hop: `"cart-service";variant="mp-102";via=pin;caller="storefront:stable"`. Hops that
 * don't fit 64 items and 4 KiB are left out, and the token `truncated` ends the list.
 */
export function formatTrace(trace: Trace): string {
  const items: string[] = [];
  let length = 0;
  let truncated = trace.truncated;
  for (const hop of trace.hops) {
    const item = formatHop(hop);
    // Room is always kept for the mark.
    if (
      items.length === maxHops ||
      length + item.length + 2 > maxTraceLength - truncatedMark.length
    ) {
      truncated = true;
      break;
    }
    items.push(item);
    length += item.length + 2;
  }
  if (truncated) items.push(truncatedMark);
  return items.join(", ");
}

function formatHop(hop: Hop): string {
  let item = quoted(hop.service);
  if (hop.variant !== undefined) item += `;variant=${quoted(hop.variant)}`;
  item += `;via=${hop.via}`;
  if (hop.layer !== undefined) item += `;layer=${quoted(hop.layer)}`;
  if (hop.incarnation !== undefined) item += `;incarnation=${hop.incarnation}`;
  if (hop.caller !== undefined) item += `;caller=${quoted(hop.caller)}`;
  if (hop.missed !== undefined && hop.missed.length > 0)
    item += `;missed=${quoted(hop.missed.join(", "))}`;
  if (hop.lost === true) item += ";lost";
  if (hop.ms !== undefined) item += `;ms=${hop.ms.toFixed(1)}`;
  return item;
}

/** RFC 9651 3.3.3: printable ASCII only; anything else becomes `?`. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}

const item =
  /^"((?:[^"\\]|\\["\\])*)"((?:;[a-z][a-z0-9_.*-]*(?:=(?:"(?:[^"\\]|\\["\\])*"|[^";, ]+))?)*)$/;
const parameter = /;([a-z][a-z0-9_.*-]*)(?:=(?:"((?:[^"\\]|\\["\\])*)"|([^";, ]+)))?/g;
const vias = new Set<string>(["pin", "environment", "stable", "none"]);

/** The hops of a trace header. Never throws: an item that is not a hop is dropped, and `truncated` says so. */
export function parseTrace(value: string): Trace {
  const hops: Hop[] = [];
  let truncated = value.length > maxTraceLength * 4;
  for (const text of truncated ? [] : splitItems(value)) {
    if (text === "") continue;
    const hop = text === truncatedMark ? undefined : parseHop(text);
    if (hop === undefined || hops.length === maxHops) truncated = true;
    else hops.push(hop);
  }
  return { hops, truncated };
}

function parseHop(text: string): Hop | undefined {
  const match = item.exec(text);
  if (match === null) return undefined;
  const values = new Map<string, string>();
  for (const [, name = "", string, token] of (match[2] ?? "").matchAll(parameter)) {
    values.set(name, string === undefined ? (token ?? "") : unquoted(string));
  }
  const via = values.get("via") ?? "";
  if (!vias.has(via)) return undefined;
  const ms = Number(values.get("ms") ?? Number.NaN);
  const incarnation = Number(values.get("incarnation") ?? Number.NaN);
  return {
    service: unquoted(match[1] ?? ""),
    via: via as Via,
    ...optional("variant", values.get("variant")),
    ...optional("layer", values.get("layer")),
    ...optional("incarnation", Number.isInteger(incarnation) ? incarnation : undefined),
    ...optional("caller", values.get("caller")),
    ...optional("missed", values.get("missed")?.split(", ")),
    ...optional("lost", values.has("lost") ? true : undefined),
    ...optional("ms", Number.isFinite(ms) ? ms : undefined),
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

function unquoted(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

/** Splits at commas that are not inside a quoted string. */
function splitItems(value: string): readonly string[] {
  const items: string[] = [];
  let from = 0;
  let inString = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (inString && char === "\\") at++;
    else if (char === '"') inString = !inString;
    else if (char === "," && !inString) {
      items.push(value.slice(from, at).trim());
      from = at + 1;
    }
  }
  items.push(value.slice(from).trim());
  return items;
}
