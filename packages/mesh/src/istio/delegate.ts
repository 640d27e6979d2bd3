import { eachMatch, ownRoutes } from "./chart.ts";
import { baggageMatch, managedLabels, type MeshNames, variantsName } from "./names.ts";
import type { HttpMatch, HttpRoute, MeshService, VirtualService } from "./objects.ts";

/**
 * The delegate of a service in the table form: each of the chart's routes, for requests that carry a route, with its own paths, rewrites,
 * timeouts and retries. Its destination is stable's; the filter replaces the choice of the cluster alone. Until the filter is in force,
 * and whenever it is not, stable answers.
 *
 * Every route has a match: one without would hide the chart's routes from everybody.
 */
export function renderDelegate(service: MeshService, names: MeshNames): VirtualService {
  const http = ownRoutes(service.base, names).map((route, at): HttpRoute => ({
    ...withoutServed(route, names.headers.served),
    name: tableRouteName(at),
    match: presenceMatches(route, names),
  }));
  const { exportTo } = service.base.spec;
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: {
      name: variantsName(service.name),
      namespace: service.base.metadata.namespace,
      labels: managedLabels,
    },
    spec: { ...(exportTo === undefined ? {} : { exportTo }), http },
  };
}

/** The delegate's route for the chart's route at this position. */
export function tableRouteName(at: number): string {
  return `table-${at}`;
}

/** The route's own matches, once for each header that can carry a route. What the chart asks of such a header stays. */
function presenceMatches(route: HttpRoute, { headers }: MeshNames): readonly HttpMatch[] {
  const carriers = [
    { [headers.pins]: {} },
    { [headers.environment]: {} },
    { baggage: baggageMatch },
  ];
  return carriers.flatMap((carrier) =>
    eachMatch(route, (match) => ({ ...match, headers: { ...carrier, ...match.headers } })),
  );
}

/** The chart says that stable serves its routes; here the filter says who does. */
function withoutServed(route: HttpRoute, header: string): HttpRoute {
  const headers = route["headers"] as { readonly response?: { readonly set?: object } } | undefined;
  if (headers?.response?.set === undefined) return route;
  const set = Object.fromEntries(
    Object.entries(headers.response.set).filter(([name]) => name.toLowerCase() !== header),
  );
  return { ...route, headers: { ...headers, response: { ...headers.response, set } } };
}
