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
  /** Number of the route table that decided. */
  readonly epoch?: number | undefined;
  /** Who asked, as `service:key`; absent at the edge. */
  readonly caller?: string | undefined;
  /** What the route named here that is not live, in the words of `describeMissed`. */
  readonly missed?: readonly string[] | undefined;
  /** Set where the caller dropped the route: it has a routed request in flight and sent this one without. */
  readonly lost?: boolean | undefined;
  /** Until the response's head, in milliseconds; written with one decimal. */
  readonly ms?: number | undefined;
}

export interface Trace {
  readonly hops: readonly Hop[];
  /** True where hops were dropped at a limit, or could not be read. */
  readonly truncated: boolean;
}

export const maxHops = 64;
export const maxTraceLength = 4096;
const truncatedMark = "truncated";

/**
 * A list of RFC 9651 items, one a hop: `"cart-service";variant="mp-102";via=pin;caller="storefront:stable"`. From the
 * first hop that doesn't fit 64 items and 4 KiB on they are left out, and the token `truncated` ends the list.
 */
export function formatTrace(trace: Trace): string {
  const items: string[] = [];
  let length = 0;
  let { truncated } = trace;
  for (const hop of trace.hops) {
    const item = formatHop(hop);
    // Room is always kept for the mark.
    const room = maxTraceLength - truncatedMark.length - length;
    if (items.length === maxHops || item.length + separator.length > room) {
      truncated = true;
      break;
    }
    items.push(item);
    length += item.length + separator.length;
  }
  if (truncated) items.push(truncatedMark);
  return items.join(separator);
}

const separator = ", ";

function formatHop(hop: Hop): string {
  const { service, missed, ms, via } = hop;
  let item = quoted(service);
  item += text("variant", hop.variant) + `;via=${via}` + text("layer", hop.layer);
  item += integer("incarnation", hop.incarnation) + integer("epoch", hop.epoch);
  item += text("caller", hop.caller);
  if (missed !== undefined && missed.length > 0) item += text("missed", missed.join(separator));
  if (hop.lost === true) item += ";lost";
  if (ms !== undefined && Math.abs(ms) < 1e12) item += `;ms=${ms.toFixed(1)}`;
  return item;
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? "" : `;${name}=${quoted(value)}`;
}

function integer(name: string, value: number | undefined): string {
  return Number.isSafeInteger(value) ? `;${name}=${value}` : "";
}

/** RFC 9651 3.3.3: printable ASCII only; anything else becomes `?`. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
