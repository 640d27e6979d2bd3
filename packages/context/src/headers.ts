import { type FieldValue, type HeaderLookup, isRouted } from "@cocktail/route";
import { ActiveContext, type RouteContext } from "./context.ts";
import { isInternal } from "./hosts.ts";
import { inject, withhold } from "./outgoing.ts";
import { readRecentRoute } from "./recent-routes.ts";
import { shared } from "./shared-state.ts";
import { TraceCollector } from "./trace-collector.ts";

export interface HeadersOptions {
  /** Where the call goes: a URL outside of the cocktail gets no headers. Absent: the caller decides. */
  readonly to?: string | URL;
  /** The `baggage` that the call carries already; its other members are kept. */
  readonly baggage?: string;
}

/**
 * The headers that carry the current context, for every client that isn't instrumented, and for messages. Empty for
 * unrouted work.
 */
export function headers(options: HeadersOptions = {}): Record<string, string> {
  const values = new Map<string, string>();
  if (options.baggage !== undefined) values.set("baggage", options.baggage);
  const context = shared.storage.getStore();
  if (context === undefined) return Object.fromEntries(values);
  const carrier = {
    get: (name: string) => values.get(name),
    set: (name: string, value: string) => void values.set(name, value),
    remove: (name: string) => void values.delete(name),
  };
  if (options.to !== undefined && !isInternal(shared.hosts, options.to)) withhold(carrier);
  else {
    shared.guard?.used(context, { method: "headers()", target: String(options.to ?? "") });
    inject(context, carrier, shared.names);
  }
  return Object.fromEntries(values);
}

/** One value of a header; some clients of message brokers give bytes. */
type CarriedText = string | Uint8Array;

type CarriedValue = CarriedText | readonly CarriedText[] | null | undefined;
interface HeaderLookupObject {
  get(name: string): CarriedValue;
}

/**
 * Headers as Node, fetch and messages have them: something with a `get`, such as `Headers`, or a record, whose names are
 * in lower case.
 */
export type HeaderCarrier = HeaderLookupObject | Readonly<Record<string, CarriedValue>>;

/**
 * The context that a carrier holds: of a message, a job, a worker's data. Use it with `run`. Never throws; what can't be
 * accepted is left out.
 */
export function contextFrom(carrier: HeaderCarrier | null | undefined): RouteContext {
  return readContext(lookupOf(carrier ?? {}));
}

/** The context that headers hold, of no request yet. */
export function readContext(get: HeaderLookup): ActiveContext {
  const { names } = shared;
  const { route, rejected } = readRecentRoute(get, names);
  if (rejected.length > 0) shared.log.debug({ rejected }, "parts of a route were not accepted");
  return new ActiveContext(
    route,
    isTraceRequested(get(names.trace)) ? new TraceCollector() : undefined,
  );
}

/** Reports the `x-route-trace` of a response that the library could not see, such as one of `node:http2`. */
export function collectTrace(value: string | undefined): void {
  if (value !== undefined) shared.storage.getStore()?.collector?.add(value);
}

/** `on` asks for the hops; anything else doesn't. */
function isTraceRequested(value: FieldValue): boolean {
  const text = typeof value === "string" ? value : value?.[0];
  return text?.trim().toLowerCase() === "on";
}

/** True where a context says anything that a call has to carry. */
export function hasContent(context: ActiveContext): boolean {
  return context.traced || isRouted(context.route) || context.route.mode === "strict";
}

function lookupOf(carrier: HeaderCarrier): HeaderLookup {
  if (hasGet(carrier)) return (name) => fieldOf(carrier.get(name));
  return (name) => (Object.hasOwn(carrier, name) ? fieldOf(carrier[name]) : undefined);
}

/** A record may have a header of that name. */
function hasGet(carrier: HeaderCarrier): carrier is HeaderLookupObject {
  return typeof carrier.get === "function";
}

/** What is neither text nor bytes, nor a list of them, says nothing. */
function fieldOf(value: unknown): FieldValue {
  if (!Array.isArray(value)) return textOf(value);
  const lines = value.map(textOf).filter((line) => line !== undefined);
  return lines.length === 0 ? undefined : lines;
}

/** Headers are latin1 on every wire. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : undefined;
}
