import { channel } from "node:diagnostics_channel";
import { ClientRequest, type IncomingMessage } from "node:http";
import type { FieldValue } from "@cocktail/route";
import type { ActiveContext } from "./context.ts";
import { authorityOf, canonicalName, isInternalName, isInternal } from "./hosts.ts";
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
  return () => {
    created.unsubscribe(onCreated);
    answered.unsubscribe(onAnswered);
  };
}

/** Runs in the context of the caller. A subscriber that throws ends the process, so every error is caught. */
function onCreated(message: unknown): void {
  const context = shared.storage.getStore();
  if ((context === undefined && shared.guard === undefined) || !isCreation(message)) return;
  try {
    injectRoute(context, message.request);
  } catch (error) {
    shared.log.error({ err: error }, "could not add the route to a node:http call");
  }
}

function injectRoute(context: ActiveContext | undefined, request: ClientRequest): void {
  const headers = headersOf(request);
  const host = String(headers.get("host") ?? bracketed(request.host));
  const target = authorityOf(request.path) ?? `${request.protocol}//${host}`;
  const ours = isOurCall(request, target);
  if (ours) shared.guard?.used(context, { method: request.method, target });
  if (context === undefined) return;
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

/**
 * Whether the call goes to the cocktail. The request knows the name it connects to but not the port, which is only in
 * `Host`; where the service wrote a `Host` of its own, or a whole URL for a proxy, both that and the name must be the
 * cocktail's. A Unix domain socket is external.
 */
function isOurCall(request: ClientRequest, target: string): boolean {
  if ("socketPath" in request && request.socketPath) return false;
  const named = URL.parse(target);
  if (named === null || !isInternal(shared.hosts, named)) return false;
  const address = bracketed(request.host);
  if (named.hostname === address) return true;
  const name = canonicalName(address);
  return name !== undefined && (named.hostname === name || isInternalName(shared.hosts, name));
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host.toLowerCase();
}

function headersOf(request: ClientRequest): OutgoingHeaders {
  // `headers` given as an array are rendered by the constructor: the text of the head is all there is.
  if (request.headersSent) {
    const rendered = renderedHeaders(request);
    if (rendered !== undefined) return rendered;
  }
  return {
    get: (name): FieldValue => {
      const value = request.getHeader(name);
      return typeof value === "number" ? String(value) : value;
    },
    set: (name, value) => void request.setHeader(name, value),
    remove: (name) => request.removeHeader(name),
  };
}

function isCreation(message: unknown): message is Creation {
  return (
    typeof message === "object" &&
    message !== null &&
    "request" in message &&
    message.request instanceof ClientRequest
  );
}
