import { readBaggage } from "./baggage.ts";
import { defaultHeaderNames, type HeaderNames } from "./header-names.ts";
import { type ParsedRoute, parseRoute } from "./parse.ts";
import type { FieldValue } from "./route.ts";

/** Returns the value of a header by its lower-case name. */
export type HeaderLookup = (name: string) => FieldValue;

/**
 * The route of a request: each field from its header, else from its `baggage` member. A header that is present hides the
 * member, even if its whole value is rejected.
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
