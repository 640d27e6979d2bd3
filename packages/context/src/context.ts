import { formatPins, isRouted, type Route } from "@cocktail/route";
import type { RequestRecord } from "./request-record.ts";
import type { TraceCollector } from "./trace-collector.ts";

/** What the work in progress carries. Immutable. */
export interface RouteContext {
  /** The accepted route; `unrouted` where the request named nothing. */
  readonly route: Route;
  /** True when the caller asked for the hops (`x-route-trace: on`). */
  readonly traced: boolean;
  /**
   * The route as one line, equal for equal routes and empty for unrouted work. Put it into the key
   * of every cache that is filled from other services.
   */
  readonly key: string;
}

/** Marks contexts of every copy of the library in the process, for which `instanceof` is not enough. */
const brand: unique symbol = Symbol.for("@cocktail/context/active/1");

/** A context as it lives in the AsyncLocalStorage: what users see, and what the library needs. */
export class ActiveContext implements RouteContext {
  readonly route: Route;
  readonly collector: TraceCollector | undefined;
  /** The request it came in with; absent for a context made by hand. */
  readonly request: RequestRecord | undefined;
  #key: string | undefined;

  constructor(route: Route, collector?: TraceCollector, request?: RequestRecord) {
    this.route = route;
    this.collector = collector;
    this.request = request;
  }

  get [brand](): true {
    return true;
  }

  get traced(): boolean {
    return this.collector !== undefined;
  }

  get key(): string {
    this.#key ??= routeKey(this.route);
    return this.#key;
  }
}

export function isActive(context: object): context is ActiveContext {
  return brand in context;
}

/** `payment-service:mp-101;environment=ops-101;mode=strict`, and "" for a route that names nothing. */
function routeKey(route: Route): string {
  if (!isRouted(route)) return "";
  const parts = [formatPins(route) ?? ""];
  if (route.environment !== undefined) parts.push(`environment=${route.environment}`);
  if (route.mode === "strict") parts.push("mode=strict");
  return parts.join(";");
}
