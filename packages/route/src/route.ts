/** What happens when a route names what is not there: the next layer answers, or 424. */
export type RouteMode = "fallback" | "strict";

/** What a request or message carries. Immutable. */
export interface Route {
  /** service -> key, in the order they were written. */
  readonly pins: ReadonlyMap<string, string>;
  readonly environment: string | undefined;
  readonly mode: RouteMode;
}

/** The route of a request that names nothing: everything is stable. */
export const unrouted: Route = Object.freeze({
  pins: new Map<string, string>(),
  environment: undefined,
  mode: "fallback",
});

/** True when the route names a variant or an environment. */
export function isRouted(route: Route): boolean {
  return route.pins.size > 0 || route.environment !== undefined;
}

/** The raw values of the fields of a route, as a carrier (headers, baggage, flags) gives them. */
export interface RouteFields {
  readonly pins?: FieldValue;
  readonly environment?: FieldValue;
  readonly mode?: FieldValue;
}
/** One header value, or its lines where the header was repeated. */
export type FieldValue = string | readonly string[] | undefined;
