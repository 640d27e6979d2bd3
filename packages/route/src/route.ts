/** What happens when a route names a variant that is not live: the next layer answers, or the request fails with 424. */
export type RouteMode = "fallback" | "strict";

/** Pins, environment and mode of a request or message. Immutable. */
export interface Route {
  /** service -> key, in the order of the header. */
  readonly pins: ReadonlyMap<string, string>;
  readonly environment: string | undefined;
  readonly mode: RouteMode;
}

/** The route without pins and environment: stable answers everywhere. */
export const unrouted: Route = Object.freeze({
  pins: new Map<string, string>(),
  environment: undefined,
  mode: "fallback",
});

/** True when the route has a pin or an environment. */
export function isRouted(route: Route): boolean {
  return route.pins.size > 0 || route.environment !== undefined;
}

/** The raw field values of a route, from headers, baggage or flags. */
export interface RouteFields {
  readonly pins?: FieldValue;
  readonly environment?: FieldValue;
  readonly mode?: FieldValue;
}
/** One header value, or its lines where the header was repeated. */
export type FieldValue = string | readonly string[] | undefined;
