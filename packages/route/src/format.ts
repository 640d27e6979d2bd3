import { defaultHeaderNames, type HeaderNames } from "./header-names.ts";
import type { Route } from "./route.ts";

/** The pins in order, joined by `::`; undefined where there is none, because an empty header is never written. */
export function formatPins(route: Route): string | undefined {
  if (route.pins.size === 0) return undefined;
  let text = "";
  for (const [service, key] of route.pins) {
    text += text === "" ? `${service}:${key}` : `::${service}:${key}`;
  }
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
