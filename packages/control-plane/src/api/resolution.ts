import type { ResolvedService, ResolveRequest, ResolveResult } from "@cocktail/client";
import { formatPins, formatVariant, parseRoute, resolve, type RouteTable } from "@cocktail/route";

/** Resolves a route in a table, for one service or for each of `services`. */
export function resolveAll(
  table: RouteTable,
  request: ResolveRequest,
  services: readonly string[],
): ResolveResult {
  const { route, rejected } = parseRoute({
    pins: request.pins,
    environment: request.environment,
    mode: request.mode,
  });
  const pins = formatPins(route);
  const wanted = request.service === undefined ? services : [request.service];
  return {
    epoch: table.epoch,
    canonical: {
      ...(pins !== undefined && { pins }),
      ...(route.environment !== undefined && { environment: route.environment }),
    },
    rejected,
    services: wanted.map((service): ResolvedService => {
      const { key, via, layer, missed } = resolve(table, route, { service });
      return {
        service,
        ...(key !== undefined && { variant: formatVariant(service, key) }),
        via,
        ...(layer !== undefined && { layer }),
        missed,
      };
    }),
  };
}
