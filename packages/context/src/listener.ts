import type { IncomingMessage, ServerResponse } from "node:http";
import { enter } from "./entry.ts";
import { type ContextOptions, install } from "./install.ts";

type Listener<Q extends IncomingMessage, S extends ServerResponse, T> = (
  request: Q,
  response: S,
) => T;

/**
 * A request listener of `node:http` that runs in the context of each request, and whose calls carry it.
 *
 * ```ts
 * createServer(withRoute((request, response) => { ... }))
 * ```
 */
export function withRoute<Q extends IncomingMessage, S extends ServerResponse, T>(
  listener: Listener<Q, S, T>,
  options?: ContextOptions,
): Listener<Q, S, T> {
  install(options);
  return (request, response) => enter(request, response, () => listener(request, response));
}
