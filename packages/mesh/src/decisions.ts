import { resolve, type Route, type RouteTable, STABLE } from "@cocktail/route";

/** All that `resolve` can answer for the requests of one service, as data. */
export interface ServiceDecisions {
  readonly service: string;
  /** Keys whose pin is answered, sorted; `stable` among them if the service has one. */
  readonly live: readonly string[];
  /** Environment to the key that answers in it, sorted by name. What stable answers is left out. */
  readonly environments: readonly (readonly [string, string])[];
  /** Environments in which a member for this service is not live, sorted: strict requests miss it. */
  readonly missing: readonly string[];
}

/** Asks `resolve` for every environment of the table, so that the rule exists once. */
export function decisionsFor(table: RouteTable, service: string): ServiceDecisions {
  const variants = Object.hasOwn(table.services, service) ? table.services[service] : {};
  const environments: (readonly [string, string])[] = [];
  const missing: string[] = [];
  for (const environment of Object.keys(table.environments).toSorted()) {
    if (environment === STABLE) continue; // the root is not a layer that members could be in
    const route: Route = { pins: new Map(), environment, mode: "fallback" };
    const { via, key, missed } = resolve(table, route, { service });
    if (via === "environment" && key !== undefined && key !== STABLE)
      environments.push([environment, key]);
    if (missed.some(({ kind }) => kind === "member")) missing.push(environment);
  }
  return { service, live: Object.keys(variants ?? {}).toSorted(), environments, missing };
}
