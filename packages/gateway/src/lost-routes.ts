import { type Hop, maxHops } from "@cocktail/route";

/** A traced, routed request that a variant is working on. */
export interface TracedRequest {
  /** Hops the variant made without the route. */
  readonly lost: Hop[];
}

/**
 * Finds where a route gets lost: a variant that has a traced, routed request in flight and sends one without a route
 * and no unrouted one to explain it, has most likely not passed it on. Nothing else is known of the two, so this is a hint in a trace and never decides.
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

  /** True while anybody is watched; spares the rest for the requests of every other time. */
  get watching(): boolean {
    return this.#byCaller.size > 0;
  }

  /** An unrouted request of the caller: true where it belongs to a trace. */
  note(caller: string, hop: Hop): boolean {
    const known = this.#byCaller.get(caller);
    if (known === undefined) return false;
    for (const request of known) {
      if (request.lost.length < maxHops) request.lost.push({ ...hop, lost: true });
    }
    return true;
  }
}
