import { formatVariant, STABLE } from "@cocktail/route";
import { baggageMatch, type MeshNames, variantsName } from "./names.ts";
import type { HttpMatch, HttpRoute, VirtualService } from "./objects.ts";

/** The name of the http route that delegates. Envoy's names of the delegate's routes begin with it. */
export const delegateRouteName = "variants";

/**
 * The static block of a service's chart: a VirtualService as it is without Cocktail becomes
 *   1. the gate: its own routes, for requests that carry no route, so that stable traffic pays nothing for branches
 *   2. the delegate line, without a match
 *   3. its own routes, for what the delegate leaves
 * each of which says `x-route-served: <service>:stable`. Written once; no later change of variants touches it.
 */
export function withDelegate(
  plain: VirtualService,
  service: string,
  { headers }: MeshNames,
): VirtualService {
  const own = (plain.spec.http ?? []).map((route) => withServed(route, service, headers.served));
  const unrouted = {
    [headers.pins]: {},
    [headers.environment]: {},
    baggage: baggageMatch,
  };
  const gate = own.map((route, at): HttpRoute => ({
    ...route,
    name: `gate-${route.name ?? at}`,
    match: eachMatch(route, (match) => ({
      ...match,
      withoutHeaders: { ...unrouted, ...match.withoutHeaders },
    })),
  }));
  const delegate = {
    name: variantsName(service),
    namespace: plain.metadata.namespace ?? "default",
  };
  const http = [...gate, { name: delegateRouteName, delegate }, ...own];
  return { ...plain, spec: { ...plain.spec, http } };
}

/** The chart's own routes, without the gate and the delegate line. */
export function ownRoutes(
  base: VirtualService,
  { headers }: Pick<MeshNames, "headers">,
): readonly HttpRoute[] {
  return (base.spec.http ?? []).filter(
    (route) => route.delegate === undefined && !isGate(route, headers.pins),
  );
}

/** A route all of whose matches want the pins header absent. */
function isGate({ match = [] }: HttpRoute, pins: string): boolean {
  return match.length > 0 && match.every((one) => Object.hasOwn(one.withoutHeaders ?? {}, pins));
}

/** A route without match matches everything: one empty match says the same. */
export function eachMatch(
  { match = [] }: HttpRoute,
  change: (match: HttpMatch) => HttpMatch,
): readonly HttpMatch[] {
  return (match.length === 0 ? [{}] : match).map(change);
}

function withServed(route: HttpRoute, service: string, header: string): HttpRoute {
  const headers = (route["headers"] ?? {}) as { readonly response?: { readonly set?: object } };
  const set = { [header]: formatVariant(service, STABLE), ...headers.response?.set };
  return { ...route, headers: { ...headers, response: { ...headers.response, set } } };
}
