import { formatTrace, type Hop, maxHops, parseTrace, type Trace } from "@cocktail/route";

/** The hops that the responses to one request's calls reported, in the order in which they arrived. */
export class TraceCollector {
  readonly #hops: Hop[] = [];
  #truncated = false;

  /** Takes the `x-route-trace` value of one response. Never throws; keeps at most 64 hops. */
  add(value: string): void {
    const { hops, truncated } = parseTrace(value);
    const room = maxHops - this.#hops.length;
    this.#hops.push(...hops.slice(0, room));
    this.#truncated ||= truncated || hops.length > room;
  }

  /**
   * The header of the own response, or undefined where there is nothing to say. Hops that the service set by hand are
   * merged: hops that were also seen here are listed once.
   */
  header(explicit?: string): string | undefined {
    const own: Trace = { hops: this.#hops, truncated: this.#truncated };
    const trace = explicit === undefined ? own : merged(own, parseTrace(explicit));
    return trace.hops.length === 0 && !trace.truncated ? undefined : formatTrace(trace);
  }
}

function merged(own: Trace, explicit: Trace): Trace {
  const text = (hop: Hop): string => formatTrace({ hops: [hop], truncated: false });
  const seen = new Set(own.hops.map(text));
  return {
    hops: [...own.hops, ...explicit.hops.filter((hop) => !seen.has(text(hop)))],
    truncated: own.truncated || explicit.truncated,
  };
}
