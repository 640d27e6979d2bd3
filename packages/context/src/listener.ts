import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { enter } from "./entry.ts";
import { type ContextOptions, install } from "./install.ts";

/** What `node:http` calls with a request; what it returns, such as a promise, is not looked at. */
export type Listener = (
  request: IncomingMessage,
  response: ServerResponse & { req: IncomingMessage },
) => unknown;

/**
 * A request listener of `node:http` that runs in the context of each request, and whose calls carry it. Also around a
 * whole application that is such a listener, as express's are.
 *
 * ```ts
 * createServer(withRoute((request, response) => { ... }))
 * ```
 */
export function withRoute(listener: Listener, options?: ContextOptions): RequestListener {
  install(options);
  return (request, response) => {
    enter(request, response, () => listener(request, response));
  };
}
