import {
  type FieldValue,
  formatRoute,
  type HeaderNames,
  parseRoute,
  type Route,
  type RouteFields,
  unrouted,
  writeBaggage,
} from "@cocktail/route";
import type { ActiveContext } from "./context.ts";

/** The headers of a call that is about to be made; names in lower case. */
export interface OutgoingHeaders {
  get(name: string): FieldValue;
  set(name: string, value: string): void;
  remove(name: string): void;
}

const BAGGAGE = "baggage";

/**
 * Writes the context into a call's headers and returns the route that the call now carries. What the service set itself
 * wins, field by field; `baggage` always says the same as the headers, and keeps the members of others.
 */
export function inject(
  context: ActiveContext,
  headers: OutgoingHeaders,
  names: HeaderNames,
): Route {
  const explicit: RouteFields = {
    pins: headers.get(names.pins),
    environment: headers.get(names.environment),
    mode: headers.get(names.mode),
  };
  for (const [name, value] of formatRoute(context.route, names)) {
    if (headers.get(name) === undefined) headers.set(name, value);
  }
  if (context.traced && headers.get(names.trace) === undefined) headers.set(names.trace, "on");
  const route = override(context.route, explicit);
  mirror(headers, route);
  return route;
}

/** Removes the route members from the baggage of a call to an external host. */
export function withhold(headers: OutgoingHeaders): Route {
  mirror(headers, unrouted);
  return unrouted;
}

/** Makes `baggage` say exactly `route`; touches nothing where it already does. */
export function mirror(headers: OutgoingHeaders, route: Route): void {
  const existing = headers.get(BAGGAGE);
  const wanted = writeBaggage(existing, route);
  if (wanted === undefined) {
    if (existing !== undefined) headers.remove(BAGGAGE);
  } else if (wanted !== existing) headers.set(BAGGAGE, wanted);
}

function override(route: Route, explicit: RouteFields): Route {
  if (
    explicit.pins === undefined &&
    explicit.environment === undefined &&
    explicit.mode === undefined
  ) {
    return route;
  }
  const parsed = parseRoute(explicit).route;
  return {
    pins: explicit.pins === undefined ? route.pins : parsed.pins,
    environment: explicit.environment === undefined ? route.environment : parsed.environment,
    mode: explicit.mode === undefined ? route.mode : parsed.mode,
  };
}
