import { channel } from "node:diagnostics_channel";
import { ClientRequest, type IncomingMessage } from "node:http";
import type { FieldValue } from "@cocktail/route";
import type { ActiveContext } from "./context.ts";
import { defaultPort, isOurHost, isOurName } from "./hosts.ts";
import { inject, type OutgoingHeaders, withhold } from "./outgoing.ts";
import { renderedHeaders } from "./rendered-head.ts";
import { shared } from "./shared-state.ts";
import type { TraceCollector } from "./trace-collector.ts";

const traced = new WeakMap<ClientRequest, TraceCollector>();

/** Starts carrying contexts into calls by `node:http` and `node:https`. Returns what ends it. */
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

/** Runs in the context of whoever makes the call. A subscriber that throws ends the process: nothing gets out. */
function onCreated(message: unknown): void {
  const context = shared.storage.getStore();
  if (context === undefined && shared.guard === undefined) return;
  try {
    const { request } = message as { readonly request: ClientRequest };
    const ours = isOurCall(request);
    if (ours) shared.guard?.used(context, { method: request.method, target: targetOf(request) });
    if (context !== undefined) carry(context, request, ours);
  } catch (error) {
    shared.log.error({ err: error }, "the route could not be put on a node:http call");
  }
}

function carry(context: ActiveContext, request: ClientRequest, ours: boolean): void {
  // `headers` given as an array are rendered by the constructor: the text of the head is all there is.
  const headers = request.headersSent ? renderedHeaders(request) : liveHeaders(request);
  if (!ours) {
    withhold(headers);
    return;
  }
  inject(context, headers, shared.names);
  if (context.collector !== undefined) traced.set(request, context.collector);
}

function onAnswered(message: unknown): void {
  const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
  const collector = traced.get(request);
  if (collector === undefined) return;
  const value = response.headers[shared.names.trace];
  if (value !== undefined) collector.add(typeof value === "string" ? value : value.join(", "));
}

/**
 * Where the call goes. The request knows the name it connects to but not the port, which is only in `Host`; where the
 * service wrote a `Host` of its own, both it and the name must be the cocktail's.
 */
function isOurCall(request: ClientRequest): boolean {
  const said = URL.parse(targetOf(request));
  if (said === null) return false;
  const port = said.port || defaultPort(request.protocol);
  if (!isOurHost(shared.hosts, said.hostname, port)) return false;
  return (
    said.hostname === bracketed(request.host) || isOurName(shared.hosts, bracketed(request.host))
  );
}

function targetOf(request: ClientRequest): string {
  return `${request.protocol}//${String(request.getHeader("host") ?? bracketed(request.host))}`;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host.toLowerCase();
}

function liveHeaders(request: ClientRequest): OutgoingHeaders {
  return {
    get: (name): FieldValue => {
      const value = request.getHeader(name);
      return typeof value === "number" ? String(value) : value;
    },
    set: (name, value) => void request.setHeader(name, value),
    remove: (name) => request.removeHeader(name),
  };
}
