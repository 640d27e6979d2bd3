import { formatTableId, formatVariant, STABLE, type TableId } from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import { eachMatch } from "../istio/chart.ts";
import { delegateObject, neverMatched } from "../istio/delegate.ts";
import { baggageMatch, type MeshNames } from "../istio/names.ts";
import type { HttpMatch, HttpRoute, MeshService, VirtualService } from "../istio/objects.ts";
import { supportedRoutes, UnsupportedService } from "../istio/unsupported.ts";
import {
  type Condition,
  inEnvironment,
  inEnvironmentStrictly,
  pinned,
  pinnedStrictly,
} from "./conditions.ts";
import { toVariant } from "./destination.ts";

/** What a route of the chart becomes for requests that carry a route. */
interface Context {
  readonly service: MeshService;
  readonly decisions: ServiceDecisions;
  readonly names: MeshNames;
}

const environmentsPerRoute = 50;
/** As in the table form. A delegate can't be divided: a root has one delegate, and a delegate none. */
const maxBytes = 1_000_000;

/**
 * The delegate of a service in the regex form. For each route of the chart, in its order: pins of live variants; strict requests that miss
 * something; environments. What is left falls to the chart's own routes. The last route names the table and matches nothing.
 */
export function renderRegexDelegate(
  service: MeshService,
  decisions: ServiceDecisions,
  table: TableId,
  names: MeshNames,
): VirtualService {
  const context = { service, decisions, names };
  const http = supportedRoutes(service, names).flatMap((route, at) =>
    answersOf(context, route).map((one): HttpRoute => ({ ...one, name: `${one.name}.${at}` })),
  );
  const marker = neverMatched(`table-${formatTableId(table)}`, service, names);
  const object = delegateObject(service, [...http, marker]);
  const bytes = JSON.stringify(object).length;
  if (bytes > maxBytes)
    throw new UnsupportedService(
      "TooLarge",
      `The routes of ${service.name} take ${bytes} bytes, more than the API server accepts: use the table form, or remove variants or environments.`,
    );
  return object;
}

function answersOf(context: Context, route: HttpRoute): readonly HttpRoute[] {
  const { names, decisions, service } = context;
  if (route.route === undefined)
    return [{ ...route, name: "own", match: presenceMatches(route, names) }];
  checkHeaders(context, route);
  const routes = [
    ...decisions.live.map((key) =>
      toKey(context, route, key, { name: `pin-${key}`, when: pinned(service.name, key, names) }),
    ),
    strictMiss(route, "strict-pin", pinnedStrictly(service.name, names)),
    ...inChunks(decisions.missing).map((some, at) =>
      strictMiss(
        route,
        `strict-environment-${at}`,
        some.flatMap((environment) => inEnvironmentStrictly(environment, names)),
      ),
    ),
    ...environmentRoutes(context, route),
  ];
  if (decisions.live.includes(STABLE)) return routes;
  const none = { status: 503, title: "NoVariant", name: "none" };
  return [...routes, { ...direct(none), match: presenceMatches(route, names) }];
}

/** Environments in which one variant answers share its routes. */
function environmentRoutes(context: Context, route: HttpRoute): readonly HttpRoute[] {
  const { decisions, names } = context;
  const byKey = Map.groupBy(decisions.environments, ([, key]) => key);
  return [...byKey].flatMap(([key, all]) =>
    inChunks(all).map((some, at) =>
      toKey(context, route, key, {
        name: `environment-${key}-${at}`,
        when: some.flatMap(([environment]) => inEnvironment(environment, names)),
      }),
    ),
  );
}

function inChunks<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / environmentsPerRoute);
  return Array.from({ length: count }, (_, at) =>
    all.slice(at * environmentsPerRoute, (at + 1) * environmentsPerRoute),
  );
}

function toKey(
  { service, names }: Context,
  route: HttpRoute,
  key: string,
  { name, when }: { readonly name: string; readonly when: readonly Condition[] },
): HttpRoute {
  const { headers } = route;
  const set = {
    ...headers?.response?.set,
    [names.headers.served]: formatVariant(service.name, key),
  };
  return {
    ...route,
    name,
    match: matches(route, when),
    ...(key === STABLE ? {} : { route: toVariant(service, route.route ?? [], key, names) }),
    headers: { ...headers, response: { ...headers?.response, set } },
  };
}

function strictMiss(route: HttpRoute, name: string, when: readonly Condition[]): HttpRoute {
  return { ...direct({ status: 424, title: "StrictMiss", name }), match: matches(route, when) };
}

function direct({
  status,
  title,
  name,
}: {
  readonly status: number;
  readonly title: string;
  readonly name: string;
}): HttpRoute {
  return {
    name,
    directResponse: {
      status,
      body: { string: JSON.stringify({ type: "about:blank", title, status }) },
    },
    headers: { response: { set: { "content-type": "application/problem+json" } } },
  };
}

/** Each match of the chart's route, under each of the conditions. */
function matches(route: HttpRoute, when: readonly Condition[]): readonly HttpMatch[] {
  return when.flatMap(({ headers, withoutHeaders }) =>
    eachMatch(route, (match) => ({
      ...match,
      headers: { ...match.headers, ...headers },
      ...(withoutHeaders === undefined && match.withoutHeaders === undefined
        ? {}
        : { withoutHeaders: { ...match.withoutHeaders, ...withoutHeaders } }),
    })),
  );
}

/** The route's own matches, once for each header that can carry a route. What the chart asks of such a header stays. */
function presenceMatches(
  route: HttpRoute,
  { headers }: Pick<MeshNames, "headers">,
): readonly HttpMatch[] {
  const carriers = [
    { [headers.pins]: {} },
    { [headers.environment]: {} },
    { baggage: baggageMatch },
  ];
  return carriers.flatMap((carrier) =>
    eachMatch(route, (match) => ({ ...match, headers: { ...carrier, ...match.headers } })),
  );
}

/** A match has one condition a header. */
function checkHeaders({ service, names }: Context, { match = [] }: HttpRoute): void {
  const { pins, environment, mode } = names.headers;
  const own = [pins, environment, mode, "baggage"];
  const used = match
    .flatMap((one) => Object.keys({ ...one.headers, ...one.withoutHeaders }))
    .find((name) => own.includes(name.toLowerCase()));
  if (used !== undefined)
    throw new UnsupportedService(
      "HeaderInUse",
      `${service.name}: a route of its VirtualService matches ${used}, which the regex form needs itself. Use the table form.`,
    );
}
