import { type HeaderLookup, type HeaderNames, type ParsedRoute, readRoute } from "@cocktail/route";

/** By the text of the pins: whoever works with a branch sends the same ones again and again. */
const recent = new Map<string, ParsedRoute>();
const maxRoutes = 64;
const maxLength = 512;

/**
 * `readRoute`, which remembers what it read of pins that stand alone: reading them costs half of what a routed request costs
 * a service. Routes are immutable, so requests may share one.
 */
export function readRecentRoute(get: HeaderLookup, names: HeaderNames): ParsedRoute {
  const pins = get(names.pins);
  if (typeof pins !== "string" || pins.length > maxLength || saysMore(get, names))
    return readRoute(get, names);
  const known = recent.get(pins);
  if (known !== undefined) return known;
  // Forgets all at once: what is in use is soon back, and nothing has to be kept in order.
  if (recent.size === maxRoutes) recent.clear();
  const parsed = readRoute(get, names);
  recent.set(pins, parsed);
  return parsed;
}

function saysMore(get: HeaderLookup, { environment, mode }: HeaderNames): boolean {
  return get(environment) !== undefined || get(mode) !== undefined || get("baggage") !== undefined;
}
