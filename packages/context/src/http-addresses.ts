import { Agent, type ClientRequest } from "node:http";
import { shared } from "./shared-state.ts";

/** Where an agent was told to connect to for a request. */
export interface Address {
  readonly host: string;
  readonly port: string;
  /** The target as the service wrote it; an agent for a proxy makes it a whole URL. */
  readonly path: string | undefined;
  /** The proxy that the agent connects to in the place of that, where it says so. */
  readonly proxy: URL | undefined;
}

type AddRequest = (
  this: object,
  request: ClientRequest,
  options: unknown,
  ...more: unknown[]
) => unknown;
const addresses = new WeakMap<ClientRequest, Address>();

/**
 * Remembers where requests go. A `ClientRequest` has the name that it connects to but not the port, and its `Host` is what
 * the service likes to say. Returns the function that stops it.
 */
export function followAddresses(): () => void {
  const { prototype } = Agent;
  const add: unknown = Reflect.get(prototype, "addRequest");
  if (!isAddRequest(add)) return () => {};
  const addRequest: AddRequest = function addRequestTold(request, options, ...more) {
    if (shared.storage.getStore() !== undefined || shared.guard !== undefined)
      remember(this, request, options);
    return add.call(this, request, options, ...more);
  };
  Reflect.set(prototype, "addRequest", addRequest);
  return () => {
    // Somebody else may have wrapped it since.
    if (Reflect.get(prototype, "addRequest") === addRequest)
      Reflect.set(prototype, "addRequest", add);
  };
}

/** Undefined for a request without an agent, and where the agent is a class of its own that tells nobody. */
export function addressOf(request: ClientRequest): Address | undefined {
  return addresses.get(request);
}

/** What an agent was made with goes before what the request says, as in Node. */
function remember(agent: object, request: ClientRequest, options: unknown): void {
  const own = valueOf(agent, "options");
  const find = (name: string): unknown => valueOf(own, name) ?? valueOf(options, name);
  const host = find("host");
  const port = find("port");
  const path = valueOf(options, "path");
  if (typeof host !== "string" || (typeof port !== "number" && typeof port !== "string")) return;
  addresses.set(request, {
    host,
    port: String(port),
    path: typeof path === "string" ? path : undefined,
    proxy: proxyOf(agent),
  });
}

/** The proxy of http-proxy-agent and its kind, and that of Node's option `proxyEnv`. */
function proxyOf(agent: object): URL | undefined {
  const proxy = valueOf(agent, "proxy");
  if (proxy instanceof URL) return proxy;
  const variables = valueOf(valueOf(agent, "options"), "proxyEnv");
  const written = valueOf(variables, "http_proxy") ?? valueOf(variables, "HTTP_PROXY");
  return typeof written === "string" ? (URL.parse(written) ?? undefined) : undefined;
}

function valueOf(object: unknown, name: string): unknown {
  return typeof object === "object" && object !== null ? Reflect.get(object, name) : undefined;
}

function isAddRequest(value: unknown): value is AddRequest {
  return typeof value === "function";
}
