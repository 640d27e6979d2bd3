import type { Via } from "./resolve.ts";

/** One hop of a traced request, recorded by the gateway that forwarded it. */
export interface Hop {
  readonly service: string;
  /** The key of the variant; absent where none answered. */
  readonly variant?: string | undefined;
  readonly via: Via;
  /** The layer that answered. */
  readonly layer?: string | undefined;
  readonly incarnation?: number | undefined;
  /** Epoch of the route table that decided. */
  readonly epoch?: number | undefined;
  /** The calling variant, as `service:key`; absent at the edge. */
  readonly caller?: string | undefined;
  /** What the route refers to at this hop and is not live, formatted by `describeMissed`. */
  readonly missed?: readonly string[] | undefined;
  /** Set where the caller lost the route: it has a routed request in flight and sent this one unrouted. */
  readonly lost?: boolean | undefined;
  /** Time until the response headers, in milliseconds, with one decimal. */
  readonly ms?: number | undefined;
}

export interface Trace {
  readonly hops: readonly Hop[];
  /** True where hops were dropped at a limit or could not be parsed. */
  readonly truncated: boolean;
}

export const maxHops = 64;
export const maxTraceLength = 4096;
const truncatedToken = "truncated";

/**
 * A list of RFC 9651 items, one per hop: `"cart-service";variant="mp-102";via=pin;caller="storefront:stable"`. Hops beyond
 * 64 items or 4 KiB are dropped, and the token `truncated` ends the list.
 */
export function formatTrace(trace: Trace): string {
  const items: string[] = [];
  let length = 0;
  let { truncated } = trace;
  for (const hop of trace.hops) {
    const item = formatHop(hop);
    // Always leave room for the token.
    const room = maxTraceLength - truncatedToken.length - length;
    if (items.length === maxHops || item.length + separator.length > room) {
      truncated = true;
      break;
    }
    items.push(item);
    length += item.length + separator.length;
  }
  if (truncated) items.push(truncatedToken);
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
