import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { type HeaderNames, unrouted } from "@cocktail/route";
import { ActiveContext } from "./context.ts";
import { readContext, hasContent } from "./headers.ts";
import { bindEvents } from "./request-events.ts";
import type { RequestRecord } from "./request-record.ts";
import { canReport, reportTrace } from "./response-trace.ts";
import { shared } from "./shared-state.ts";
import { makeSniffer, type Sniffer } from "./sniff.ts";
import { watchRequest } from "./watched-request.ts";

/**
 * Where a request keeps the context it was entered with, so that a second adapter on its way does nothing, of whichever
 * copy of the library. A WeakMap would cost three times as much as all the rest.
 */
const slot: unique symbol = Symbol.for("@cocktail/context/entered");

/** What an adapter has of a request: node:http's, the one of node:http2's compatibility API, or a test double. */
export type EnteredRequest = EventEmitter &
  Pick<IncomingMessage, "headers" | "rawHeaders" | "method" | "url"> & { [slot]?: ActiveContext };

/**
 * Goes on with a request in its context, and returns what `proceed` returns. Every adapter ends here; a second one on
 * the way of the same request changes nothing. `peer` is what answers: the response, or the socket of an upgrade.
 *
 * An unrouted request costs a look at its header names.
 */
export function enter<T>(request: EnteredRequest, peer: EventEmitter, proceed: () => T): T {
  const { storage } = shared;
  const mayCarry = mayCarryRoute(request);
  const context =
    mayCarry || shared.contextForAll
      ? (request[slot] ?? begin(request, peer, mayCarry))
      : undefined;
  return context === storage.getStore() ? proceed() : storage.run(context, proceed);
}

/** The context of a request that is seen for the first time; undefined where it needs none. */
function begin(
  request: EnteredRequest,
  peer: EventEmitter,
  mayCarry: boolean,
): ActiveContext | undefined {
  const received = mayCarry ? contextOf(request) : undefined;
  if (received === undefined && !shared.contextForAll) return undefined;
  const record = watch(request, peer, received !== undefined);
  const context = contextWith(received, record);
  request[slot] = context;
  bindEvents(request, context);
  bindEvents(peer, context);
  if (context.collector !== undefined && canReport(peer)) reportTrace(peer, context.collector);
  return context;
}

function contextWith(
  received: ActiveContext | undefined,
  record: RequestRecord | undefined,
): ActiveContext {
  if (received !== undefined && record === undefined) return received;
  return new ActiveContext(received?.route ?? unrouted, received?.collector, record);
}

/** Undefined if the request has no route fields. A rejected header counts as one: it hides its baggage member. */
function contextOf({ headers }: EnteredRequest): ActiveContext | undefined {
  const { names } = shared;
  const context = readContext((name) => headers[name]);
  if (hasContent(context)) return context;
  const { pins, environment, mode } = names;
  const isPresent = [pins, environment, mode].some((name) => headers[name] !== undefined);
  return isPresent ? context : undefined;
}

let sniffer: { readonly names: HeaderNames; readonly sniff: Sniffer } | undefined;

function mayCarryRoute(request: EnteredRequest): boolean {
  if (sniffer?.names !== shared.names) {
    sniffer = { names: shared.names, sniff: makeSniffer(shared.names) };
  }
  // A test double may have no raw headers; then there is nothing to look at cheaply.
  return request.rawHeaders === undefined || sniffer.sniff(request.rawHeaders);
}

/** Tells the leak guard, where there is one, how long the request lives. */
function watch(
  { method = "?", url = "" }: EnteredRequest,
  peer: EventEmitter,
  routed: boolean,
): RequestRecord | undefined {
  // Without the query, which may hold what belongs into no log.
  const watched = watchRequest(() => `${method} ${url.split("?", 1)[0]}`, routed);
  if (watched !== undefined) peer.once("close", watched.ended);
  return watched?.record;
}
