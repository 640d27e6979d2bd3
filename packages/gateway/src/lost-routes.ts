import { type Hop, maxHops } from "@cocktail/route";

/** A traced, routed request that a variant is working on. */
export interface TracedRequest {
  /** Calls of the variant without the route. */
  readonly lost: Hop[];
}

/**
 * Finds callers that drop the route: a variant sends a request without a route while it works on a traced, routed request
 * and on no unrouted one. This is a heuristic: it adds a hint to the trace and never affects routing.
 */
export class LostRoutes {
  readonly #byCaller = new Map<string, Set<TracedRequest>>();

  /** `caller` is `service:key`. */
  begin(caller: string, request: TracedRequest): void {
    const known = this.#byCaller.get(caller);
    if (known === undefined) this.#byCaller.set(caller, new Set([request]));
    else known.add(request);
  }

  end(caller: string, request: TracedRequest): void {
    const known = this.#byCaller.get(caller);
    if (known?.delete(request) === true && known.size === 0) this.#byCaller.delete(caller);
  }

  /** True while a traced, routed request is in flight; keeps other requests cheap. */
  get isTracing(): boolean {
    return this.#byCaller.size > 0;
  }

  /** Records an unrouted call; true if a trace of the caller is in flight. */
  record(caller: string, hop: Hop): boolean {
    const known = this.#byCaller.get(caller);
    if (known === undefined) return false;
    for (const request of known) {
      if (request.lost.length < maxHops) request.lost.push({ ...hop, lost: true });
    }
    return true;
  }
}
