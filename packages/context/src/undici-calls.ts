import { channel } from "node:diagnostics_channel";
import { type Route, writeBaggage } from "@cocktail/route";
import type { ActiveContext } from "./context.ts";
import { type FlatHeaders, flatHeaders, lines } from "./flat-headers.ts";
import { authorityOf, isInternal } from "./hosts.ts";
import { inject, type OutgoingHeaders, withhold } from "./outgoing.ts";
import { shared } from "./shared-state.ts";
import type { TraceCollector } from "./trace-collector.ts";
import { makeBodyInContext, type RequestWithBody } from "./undici-bodies.ts";
import { type AnsweredRequest, answerInContext } from "./undici-callbacks.ts";
import { followPools, makerOf } from "./undici-pools.ts";

/** An undici request as its diagnostics channels publish it: the global fetch's, and that of undici 6 and later. */
interface UndiciRequest extends AnsweredRequest, RequestWithBody {
  readonly method: string;
  /** Where it goes. */
  readonly origin: string | URL;
  /** A whole URL where it is meant for a proxy to pass on. */
  readonly path?: string;
  /** The service's own `Host`. */
  readonly host?: string | null;
  /** What is written here is sent. */
  readonly headers: FlatHeaders;
  addHeader(name: string, value: string): unknown;
}

/** What the channels publish; the response is there when its head is. */
interface Message {
  readonly request: UndiciRequest;
  readonly response?: { readonly headers: unknown };
}

const traced = new WeakMap<UndiciRequest, TraceCollector>();

/** Starts to inject contexts into fetch and undici calls. Returns the function that stops it. */
export function followUndici(): () => void {
  const created = channel("undici:request:create");
  const answered = channel("undici:request:headers");
  created.subscribe(onCreated);
  answered.subscribe(onAnswered);
  const unfollowPools = followPools();
  return () => {
    unfollowPools();
    created.unsubscribe(onCreated);
    answered.unsubscribe(onAnswered);
  };
}

/** A subscriber that throws ends the process, so every error is caught. */
function onCreated(message: unknown): void {
  if (!isAbout(message)) return;
  try {
    const { request } = message;
    const { context, stack } = makerOf(request);
    makeBodyInContext(request, context);
    answerInContext(request, context);
    if (context === undefined && shared.guard === undefined) return;
    const ours = isOurCall(request);
    if (ours)
      shared.guard?.used(context, {
        method: request.method,
        target: String(request.origin),
        stack,
      });
    if (context !== undefined) injectRoute(context, request, ours);
  } catch (error) {
    shared.log.error({ err: error }, "could not add the route to a fetch or undici call");
  }
}

/** True if the address is internal, and so is the host that the call names there, if any. */
function isOurCall({ origin, path, host }: UndiciRequest): boolean {
  if (!isInternal(shared.hosts, origin)) return false;
  const named = authorityOf(path) ?? (host ? `${new URL(origin).protocol}//${host}` : undefined);
  return named === undefined || isInternal(shared.hosts, named);
}

function injectRoute(context: ActiveContext, request: UndiciRequest, ours: boolean): void {
  const headers = flatHeaders(request.headers);
  const route = ours ? inject(context, headers, shared.names) : withhold(headers);
  mergeLaterBaggage(request, headers, route);
  if (ours && context.collector !== undefined) traced.set(request, context.collector);
}

/**
 * OpenTelemetry adds its `baggage` in a subscriber of its own, which may come after this one, and with the route of the
 * incoming request in it. A second line would be a second, conflicting answer, so the two are made one.
 */
function mergeLaterBaggage(request: UndiciRequest, headers: OutgoingHeaders, route: Route): void {
  const add = request.addHeader;
  request.addHeader = (name, value) => {
    if (name.toLowerCase() !== "baggage") return add.call(request, name, value);
    const both = writeBaggage([...lines(headers.get("baggage")), value], route);
    if (both !== undefined) headers.set("baggage", both);
    return request;
  };
}

function onAnswered(message: unknown): void {
  if (!isAbout(message)) return;
  const collector = traced.get(message.request);
  const value =
    collector === undefined ? undefined : valueOf(message.response?.headers, shared.names.trace);
  if (value !== undefined) collector?.add(value);
}

/** A header of a response: a flat list of Buffers or strings, or an object where it came by HTTP/2. */
function valueOf(headers: unknown, name: string): string | undefined {
  if (!Array.isArray(headers)) {
    const fields = new Map<string, unknown>(Object.entries(headers ?? {}));
    const value = fields.get(name);
    return typeof value === "string" ? value : undefined;
  }
  const list: readonly unknown[] = headers;
  const values: string[] = [];
  for (let at = 0; at + 1 < list.length; at += 2) {
    if (String(list[at]).toLowerCase() === name) values.push(String(list[at + 1]));
  }
  return values.length === 0 ? undefined : values.join(", ");
}

function isAbout(message: unknown): message is Message {
  return (
    typeof message === "object" &&
    message !== null &&
    "request" in message &&
    typeof message.request === "object" &&
    message.request !== null &&
    "headers" in message.request &&
    Array.isArray(message.request.headers)
  );
}
