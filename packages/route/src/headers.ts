import { readBaggage } from "./baggage.ts";
import { type ParsedRoute, parseRoute } from "./parse.ts";
import type { FieldValue, Route } from "./route.ts";

/** Names of the headers, lower case. Configurable; the grammar of their values is not. */
export interface HeaderNames {
  readonly pins: string;
  readonly environment: string;
  readonly mode: string;
  readonly trace: string;
  readonly served: string;
}

export const defaultHeaderNames: HeaderNames = Object.freeze({
  pins: "x-service-route",
  environment: "x-source-route",
  mode: "x-route-mode",
  trace: "x-route-trace",
  served: "x-route-served",
});

/** Gives the value of a header by its lower-case name. */
export type HeaderLookup = (name: string) => FieldValue;

/**
 * The route of a request: each field from its header, else from its `baggage` member. A header that is present hides the
 * member even where nothing of it is accepted.
 */
export function readRoute(get: HeaderLookup, names: HeaderNames = defaultHeaderNames): ParsedRoute {
  const pins = get(names.pins);
  const environment = get(names.environment);
  const mode = get(names.mode);
  if (pins !== undefined && environment !== undefined && mode !== undefined) {
    return parseRoute({ pins, environment, mode });
  }
  const baggage = readBaggage(get("baggage"));
  return parseRoute({
    pins: pins ?? baggage.pins,
    environment: environment ?? baggage.environment,
    mode: mode ?? baggage.mode,
  });
}

/** Accepted pins in order, joined by `::`; undefined where there is none, because then there is no header. */
export function formatPins(route: Route): string | undefined {
  if (route.pins.size === 0) return undefined;
  let text = "";
  for (const [service, key] of route.pins) text += text === "" ? `${service}:${key}` : `::${service}:${key}`;
  return text;
}

/** The canonical headers of a route, as [name, value]; empty for an unrouted request. */
export function formatRoute(
  route: Route,
  names: HeaderNames = defaultHeaderNames,
): readonly (readonly [string, string])[] {
  const headers: [string, string][] = [];
  const pins = formatPins(route);
  if (pins !== undefined) headers.push([names.pins, pins]);
  if (route.environment !== undefined) headers.push([names.environment, route.environment]);
  if (route.mode === "strict") headers.push([names.mode, route.mode]);
  return headers;
}
