import type { Route } from "@cocktail/route";
import { ActiveContext, isActive, type RouteContext } from "./context.ts";
import { startIn } from "./lazy.ts";
import { shared } from "./shared-state.ts";

/** The context of the work in progress; the unrouted one where there is none. Never undefined. */
export function current(): RouteContext {
  return shared.storage.getStore() ?? shared.unrouted;
}

/**
 * Runs `work` with a context, or with a route of its own, and returns what it returns. What it starts (promises, timers,
 * calls) carries it too, also what a query builder or `superagent` starts only when it is awaited. Given a route, it goes on
 * reporting its hops to the request it was called in.
 *
 * ```ts
 * queue.push({ job, context: current() });
 * // later, elsewhere
 * run(entry.context, () => handle(entry.job));
 * ```
 */
export function run<T>(context: RouteContext | Route, work: () => T): T {
  return runIn(activeOf(context), work);
}

/**
 * The function, bound to the context of the work in progress: it runs with that context, whoever calls it. For callbacks,
 * listeners and queued jobs. Other users of AsyncLocalStorage are not affected.
 */
export function bind<This, Args extends unknown[], Result>(
  work: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  const context = shared.storage.getStore();
  return function bound(this: This, ...args: Args): Result {
    return runIn(context, () => work.apply(this, args));
  };
}

/**
 * Runs `work` outside of any request. For what outlives the request that happens to create it: pools, intervals,
 * subscriptions, consumers.
 */
export function outside<T>(work: () => T): T {
  return runIn(shared.unrouted, work);
}

/**
 * One instance per request: `make` runs at most once in each context. For batching loaders and per-request caches, which
 * would otherwise answer one request with what another one asked for.
 *
 * ```ts
 * const carts = perContext(() => new DataLoader(fetchCarts));
 * const cart = await carts().load(id);
 * ```
 *
 * Outside of any request every call makes a new instance.
 */
export function perContext<T>(make: () => T): () => T {
  const instances = new WeakMap<ActiveContext, { readonly value: T }>();
  shared.contextForAll = true;
  return () => {
    const context = shared.storage.getStore();
    if (context === undefined || context === shared.unrouted) return make();
    const known = instances.get(context);
    if (known !== undefined) return known.value;
    const value = make();
    instances.set(context, { value });
    return value;
  };
}

function runIn<T>(context: ActiveContext | undefined, work: () => T): T {
  return startIn(context, shared.storage.run(context, work));
}

function activeOf(context: RouteContext | Route): ActiveContext {
  if (isActive(context)) return context;
  const now = shared.storage.getStore();
  const route = "route" in context ? context.route : context;
  return new ActiveContext(route, now?.collector, now?.request);
}
