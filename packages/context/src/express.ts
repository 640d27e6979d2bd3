import type { IncomingMessage, ServerResponse } from "node:http";
import { enter } from "./entry.ts";
import { type ContextOptions, install } from "./install.ts";

export type { ContextOptions } from "./install.ts";

/** What express, connect and their kin call a middleware. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * The express middleware: what comes after it runs in the context of the request, and its calls carry it. Use it first.
 *
 * ```ts
 * app.use(routeContext());
 * ```
 */
export function routeContext(options?: ContextOptions): Middleware {
  install(options);
  return (request, response, next) => {
    enter(request, response, next);
  };
}
