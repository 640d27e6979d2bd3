import { channel } from "node:diagnostics_channel";
import { ClientRequest, type IncomingMessage } from "node:http";
import type { FieldValue } from "@cocktail/route";
import type { ActiveContext } from "./context.ts";
import { type FlatHeaders, flatHeaders } from "./flat-headers.ts";
import { authorityOf, canonicalName, isInternalName, isInternal } from "./hosts.ts";
import { addressOf, followAddresses } from "./http-addresses.ts";
import type { LeakGuard } from "./leak-guard.ts";
import { inject, type OutgoingHeaders, withhold } from "./outgoing.ts";
import { renderedHeaders } from "./rendered-head.ts";
import { shared } from "./shared-state.ts";
import type { TraceCollector } from "./trace-collector.ts";

/** What both channels publish; the response is there when its head is. */
interface Creation {
  readonly request: ClientRequest;
  readonly response?: IncomingMessage;
}

const traced = new WeakMap<ClientRequest, TraceCollector>();

/** Starts to inject contexts into calls by `node:http` and `node:https`. Returns the function that stops it. */
export function followHttp(): () => void {
  const created = channel("http.client.request.created");
  const answered = channel("http.client.response.finish");
  created.subscribe(onCreated);
  answered.subscribe(onAnswered);
  const unfollowAddresses = followAddresses();
  return () => {
    unfollowAddresses();
    created.unsubscribe(onCreated);
    answered.unsubscribe(onAnswered);
  };
}

/** Runs in the context of the caller. A subscriber that throws ends the process, so every error is caught. */
function onCreated(message: unknown): void {
  const context = shared.storage.getStore();
  if ((context === undefined && shared.guard === undefined) || !isCreation(message)) return;
  try {
    const { request } = message;
    if (shared.guard !== undefined) tellGuard(shared.guard, context, request);
    if (context === undefined) return;
    // `headers` given as an array, and those beside `Expect`, are rendered by the constructor.
    if (request.headersSent) {
      const rendered = renderedHeaders(request);
      if (rendered !== undefined) injectRoute(context, request, rendered);
    }
    injectAtRendering(context, request);
  } catch (error) {
    shared.log.error({ err: error }, failure);
  }
}

const failure = "could not add the route to a node:http call";

function tellGuard(
  guard: LeakGuard,
  context: ActiveContext | undefined,
  request: ClientRequest,
): void {
  const headers = request.headersSent ? renderedHeaders(request) : undefined;
  const target = targetOf(request, headers?.get("host") ?? fieldOf(request.getHeader("host")));
  if (isOurCall(request, target)) guard.used(context, { method: request.method, target });
}

/**
 * Injects when the head is made, which may be long after the call: the service sets headers until then, and its own win.
 * It also keeps the route out of the request's own headers, which some clients copy to a redirect's new host. An agent for
 * a proxy makes the head a second time.
 */
function injectAtRendering(context: ActiveContext, request: ClientRequest): void {
  if (!isRenderer(request)) throw new TypeError("this Node renders heads in some other way");
  const render = request._storeHeader;
  request._storeHeader = function renderWithRoute(firstLine, fields) {
    return render.call(this, firstLine, routedFields(context, request) ?? fields);
  };
}

/** All headers of a request, and the route; undefined where that fails. */
function routedFields(context: ActiveContext, request: ClientRequest): FlatHeaders | undefined {
  try {
    const fields: FlatHeaders = [];
    for (const name of request.getRawHeaderNames()) {
      const value = fieldOf(request.getHeader(name));
      if (value !== undefined) fields.push(name, typeof value === "string" ? value : [...value]);
    }
    injectRoute(context, request, flatHeaders(fields));
    return fields;
  } catch (error) {
    shared.log.error({ err: error }, failure);
    return undefined;
  }
}

function injectRoute(
  context: ActiveContext,
  request: ClientRequest,
  headers: OutgoingHeaders,
): void {
  const ours = isOurCall(request, targetOf(request, headers.get("host")));
  if (ours) inject(context, headers, shared.names);
  else withhold(headers);
  if (ours && context.collector !== undefined) traced.set(request, context.collector);
}

function onAnswered(message: unknown): void {
  if (!isCreation(message)) return;
  const collector = traced.get(message.request);
  const value = collector === undefined ? undefined : message.response?.headers[shared.names.trace];
  if (value !== undefined) collector?.add(typeof value === "string" ? value : value.join(", "));
}

/** Whom the call is for: what a whole URL in the place of the path says, or else its `Host`. */
function targetOf(request: ClientRequest, host: FieldValue): string {
  const named = String(host ?? bracketed(request.host));
  return authorityOf(request.path) ?? `${request.protocol}//${named}`;
}

/**
 * True if the call goes to the cocktail: the host that it names and the address that it connects to are both the cocktail's.
 * A Unix domain socket is external.
 */
function isOurCall(request: ClientRequest, target: string): boolean {
  if ("socketPath" in request && request.socketPath) return false;
  const named = URL.parse(target);
  if (named === null || !isInternal(shared.hosts, named)) return false;
  const address = addressOf(request);
  if (address === undefined) return isOurName(named, bracketed(request.host));
  const isProxied = authorityOf(request.path) !== authorityOf(address.path);
  if (isProxied) return address.proxy !== undefined && isInternal(shared.hosts, address.proxy);
  const { protocol } = request;
  return isInternal(shared.hosts, `${protocol}//${bracketed(address.host)}:${address.port}`);
}

/** Without the port that it connects to. */
function isOurName(named: URL, address: string): boolean {
  if (named.hostname === address) return true;
  const name = canonicalName(address);
  return name !== undefined && (named.hostname === name || isInternalName(shared.hosts, name));
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host.toLowerCase();
}

interface Renderer {
  _storeHeader(firstLine: string, fields: unknown): unknown;
}

function isRenderer(request: object): request is Renderer {
  return "_storeHeader" in request && typeof request._storeHeader === "function";
}

function fieldOf(value: number | string | string[] | undefined): FieldValue {
  return typeof value === "number" ? String(value) : value;
}

function isCreation(message: unknown): message is Creation {
  return (
    typeof message === "object" &&
    message !== null &&
    "request" in message &&
    message.request instanceof ClientRequest
  );
}
