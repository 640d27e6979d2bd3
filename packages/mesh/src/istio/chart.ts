import { formatVariant, STABLE } from "@cocktail/route";
import { fieldsOf, listOf } from "../fields.ts";
import { baggageMatch, type MeshNames, variantsName } from "./names.ts";
import type { HttpMatch, HttpRoute, VirtualService } from "./objects.ts";

/** The name of the http route that delegates. Envoy's names of the delegate's routes begin with it. */
export const delegateRouteName = "variants";

/**
 * The static block of a service's chart: a VirtualService as it is without Cocktail becomes
 *   1. the gate: its own routes, for requests that carry no route, so that stable traffic pays nothing for branches
 *   2. the delegate line, without a match
 *   3. its own routes, for what the delegate leaves
 * each of which says `x-route-served: <service>:stable`. Written once; no later change of variants touches it. A VirtualService that has
 * the block already gets the same one.
 */
export function withDelegate(
  plain: VirtualService,
  service: string,
  names: MeshNames,
): VirtualService {
  const { headers } = names;
  const own = ownRoutes(plain, service, names).map((route) =>
    withServed(route, service, headers.served),
  );
  const gate = own.map((route, at): HttpRoute => ({
    ...route,
    name: `gate-${route.name ?? at}`,
    match: eachMatch(route, (match) => ({
      ...match,
      withoutHeaders: { ...match.withoutHeaders, ...unrouted(names) },
    })),
  }));
  const delegate = {
    name: variantsName(service),
    namespace: plain.metadata.namespace ?? "default",
  };
  const http = [...gate, { name: delegateRouteName, delegate }, ...own];
  return { ...plain, spec: { ...plain.spec, http } };
}

/** What a request without a route doesn't have. */
export function unrouted({
  headers,
}: Pick<MeshNames, "headers">): Readonly<Record<string, object>> {
  return { [headers.pins]: {}, [headers.environment]: {}, baggage: baggageMatch };
}

/** The chart's own routes, without the gate and the delegate line. */
export function ownRoutes(
  base: VirtualService,
  service: string,
  { headers }: Pick<MeshNames, "headers">,
): readonly HttpRoute[] {
  return (base.spec.http ?? []).filter(
    (route) => !isDelegateLine(route, base, service) && !isGate(route, headers.pins),
  );
}

/** The route that hands over to the variants of the service, and not another delegate of the chart. */
export function isDelegateLine(
  { delegate }: HttpRoute,
  { metadata }: VirtualService,
  service: string,
): boolean {
  const namespace = metadata.namespace ?? "default";
  return (
    delegate?.name === variantsName(service) && (delegate.namespace ?? namespace) === namespace
  );
}

/** A route all of whose matches want the pins header absent. */
export function isGate(route: object, pins: string): boolean {
  const matches = listOf("match" in route ? route.match : undefined);
  return (
    matches.length > 0 &&
    matches.every((match) => Object.hasOwn(fieldsOf(match["withoutHeaders"]), pins))
  );
}

/** A route without match matches everything: one empty match says the same. */
export function eachMatch(
  { match = [] }: HttpRoute,
  change: (match: HttpMatch) => HttpMatch,
): readonly HttpMatch[] {
  return (match.length === 0 ? [{}] : match).map(change);
}

function withServed(route: HttpRoute, service: string, header: string): HttpRoute {
  const { headers } = route;
  const set = { [header]: formatVariant(service, STABLE), ...headers?.response?.set };
  return { ...route, headers: { ...headers, response: { ...headers?.response, set } } };
}
