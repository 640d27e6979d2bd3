import { eachMatch } from "./chart.ts";
import { type MeshNames, objectLabels, variantsName } from "./names.ts";
import type {
  HttpMatch,
  HttpRoute,
  MeshService,
  RouteDestination,
  VirtualService,
} from "./objects.ts";
import { umbrellaHost } from "./umbrella.ts";
import { supportedRoutes } from "./unsupported.ts";

/**
 * The delegate of a service in the table form: each of the chart's routes, with its own paths, rewrites, timeouts and retries. Its destination is stable's; the filter replaces the choice of the cluster alone. Until the filter is in force,
 * and whenever it is not, stable answers.
 *
 * Every route has a match: istiod warns of whatever follows one without.
 */
export function renderDelegate(service: MeshService, names: MeshNames): VirtualService {
  const routes = tableRoutes(service, names).map(({ name, route, destinations }): HttpRoute => ({
    ...(destinations === undefined ? route : withoutServed(route, names.headers.served)),
    name,
    match: ownMatches(route),
  }));
  return delegateObject(service, [...routes, neverMatched("anchor", service, names)]);
}

/** A route of the delegate and the chart's route that it repeats. */
export interface TableRoute {
  readonly name: string;
  readonly route: HttpRoute;
  /** Undefined for a redirect or a direct response: nothing to choose. */
  readonly destinations: readonly RouteDestination[] | undefined;
}

/** Routes with the same destinations have one name: one patch of the filter, and one copy of the table, is for all of them. */
export function tableRoutes(service: MeshService, names: MeshNames): readonly TableRoute[] {
  const numbers = new Map<string, number>();
  return supportedRoutes(service, names).map((route, at): TableRoute => {
    const destinations = route.route;
    if (destinations === undefined) return { name: `own-${at}`, route, destinations };
    const text = JSON.stringify(destinations);
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return { name: `table-${number}`, route, destinations };
  });
}

export function delegateObject(service: MeshService, http: readonly HttpRoute[]): VirtualService {
  const { namespace } = service.base.metadata;
  const exportTo = exportedTo(service);
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: variantsName(service.name), namespace, labels: objectLabels(service) },
    spec: { ...(exportTo === undefined ? {} : { exportTo }), http },
  };
}

/** A delegate that its root's namespace doesn't see counts as missing. */
function exportedTo({ base }: MeshService): readonly string[] | undefined {
  const { exportTo } = base.spec;
  if (exportTo === undefined || exportTo.length === 0) return undefined;
  const own = [".", "*", base.metadata.namespace ?? "default"];
  return exportTo.some((one) => own.includes(one)) ? exportTo : [...exportTo, "."];
}

/**
 * A route that no request matches: the header must be there and must not. A destination brings its clusters into proxies whose `Sidecar`
 * doesn't list it, and a name that only Lua says is no destination for istiod.
 */
export function neverMatched(name: string, service: MeshService, names: MeshNames): HttpRoute {
  const header = { [names.headers.pins]: {} };
  return {
    name,
    match: [{ headers: header, withoutHeaders: header }],
    route: [{ destination: { host: umbrellaHost(service, names) } }],
  };
}

/**
 * What the chart's route matches. No condition of a route: what carries none was served by the gate, and each match more is one more copy of the
 * table in every proxy. A match of nothing becomes one of all paths.
 */
function ownMatches(route: HttpRoute): readonly HttpMatch[] {
  return eachMatch(route, (match) => (Object.keys(match).length === 0 ? anyPath : match));
}

const anyPath: HttpMatch = { uri: { prefix: "/" } };

/** The chart says that stable serves its routes; here the filter says who does. */
function withoutServed(route: HttpRoute, header: string): HttpRoute {
  const { headers } = route;
  if (headers?.response?.set === undefined) return route;
  const set = Object.fromEntries(
    Object.entries(headers.response.set).filter(([name]) => name.toLowerCase() !== header),
  );
  return { ...route, headers: { ...headers, response: { ...headers.response, set } } };
}
