import type { HeaderNames } from "@cocktail/route";

/** True where a request may carry a route: the test that an unrouted request costs. */
export type Sniffer = (rawHeaders: readonly string[]) => boolean;

/**
 * Looks for the route's headers in a flat list of names and values, as `IncomingMessage.rawHeaders` is one: Node makes
 * `headers` from it on first use, which costs more than this. Lengths first, since they rule out nearly every header.
 */
export function makeSniffer(names: HeaderNames): Sniffer {
  const wanted = new Set([names.pins, names.environment, names.mode, names.trace, "baggage"]);
  const firsts = new Set([...wanted].map((name) => name.charCodeAt(0)));
  const lengths: boolean[] = [];
  for (const name of wanted) lengths[name.length] = true;
  return (rawHeaders) => {
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at];
      if (name === undefined || lengths[name.length] !== true) continue;
      // Lower case for letters; what it makes of other characters is sorted out below.
      if (firsts.has(name.charCodeAt(0) | 32) && wanted.has(name.toLowerCase())) return true;
    }
    return false;
  };
}
