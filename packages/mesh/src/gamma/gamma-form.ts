import { formatVariant, type RouteTable, STABLE } from "@cocktail/route";
import { decisionsFor, type ServiceDecisions } from "../decisions.ts";
import {
  boundedName,
  type MeshNames,
  objectLabels,
  serviceLabel,
  variantLabel,
} from "../istio/names.ts";
import type { KubeObject, ServicePort } from "../istio/objects.ts";
import { branchKeys } from "../istio/umbrella.ts";
import type {
  BackendRef,
  GammaFilter,
  GammaFilterHeader,
  GammaRule,
  GammaService,
  HttpRouteObject,
} from "./objects.ts";
import { conditionalRules, inRoutes, variantHeaders } from "./rules.ts";

/**
 * HTTPRoutes for meshes that follow GAMMA and have no VirtualService, in the order of writing: the routes of stable first, since everything
 * that matches no route of a Service gets 404 as soon as it has one. A variant needs a Service of its own: a route can't name a subset.
 * Strict mode is not expressible: a request that misses something reaches stable.
 */
export function renderGammaForm(
  service: GammaService,
  table: RouteTable,
  names: MeshNames,
): readonly KubeObject[] {
  const decisions = decisionsFor(table, service.name);
  const own = (service.base ?? []).length === 0 ? service.ports.map(baseRoute(service)) : [];
  const base = own.length > 0 ? own : (service.base ?? []);
  return [
    ...own,
    ...branchKeys(decisions).map((key) => variantService(service, key)),
    ...decisions.live.flatMap((key) =>
      base.flatMap((route, at) => variantRoutes({ service, decisions, names }, route, key, at)),
    ),
  ];
}

const httpRoute = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" };

const baseRoute =
  (service: GammaService) =>
  ({ number }: ServicePort): HttpRouteObject => ({
    ...httpRoute,
    metadata: metadata(service, `${service.name}.stable.${number}`),
    spec: {
      parentRefs: [{ group: "", kind: "Service", name: service.name, port: number }],
      rules: [{ backendRefs: [{ name: service.name, port: number }] }],
    },
  });

function variantService(service: GammaService, key: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(service, variantName(service, key)),
    spec: {
      selector: { [serviceLabel]: service.name, [variantLabel]: key },
      ports: service.ports.map(({ number, name, targetPort = number, appProtocol }) => ({
        name,
        port: number,
        targetPort,
        ...(appProtocol === undefined ? {} : { appProtocol }),
      })),
    },
  };
}

/** No dot may be in it; a route's name has dots, so that service and key are told apart. */
function variantName({ name }: GammaService, key: string): string {
  return boundedName(name, `-variants-${key}`);
}

function metadata(service: GammaService, name: string): KubeObject["metadata"] {
  return { name, namespace: service.namespace, labels: objectLabels(service) };
}

interface Context {
  readonly service: GammaService;
  readonly decisions: ServiceDecisions;
  readonly names: MeshNames;
}

function variantRoutes(
  { service, decisions, names }: Context,
  base: HttpRouteObject,
  key: string,
  at: number,
): readonly HttpRouteObject[] {
  const served = {
    name: names.headers.served,
    value: formatVariant(service.name, key),
  };
  const change = (rule: GammaRule): GammaRule => ({
    ...rule,
    filters: withServed(rule.filters ?? [], served),
    ...(rule.backendRefs === undefined || key === STABLE
      ? {}
      : { backendRefs: toVariant(service, rule.backendRefs, key) }),
  });
  const conditions = variantHeaders(decisions, key, names);
  const rules = conditionalRules(base.spec.rules ?? [{}], conditions, change);
  return inRoutes(rules).map((some, part) => ({
    ...httpRoute,
    metadata: metadata(service, `${service.name}.${key}.${at}.${part}`),
    spec: { ...base.spec, rules: some },
  }));
}

function toVariant(
  service: GammaService,
  backends: readonly BackendRef[],
  key: string,
): readonly BackendRef[] {
  const named = backends[0]?.port;
  const port = service.ports.find(({ number }) => number === named) ?? service.ports[0];
  return [
    {
      name: variantName(service, key),
      ...(port === undefined ? {} : { port: port.number }),
    },
  ];
}

/** A rule may have one filter that changes the headers of answers. */
function withServed(
  filters: readonly GammaFilter[],
  served: GammaFilterHeader,
): readonly GammaFilter[] {
  const type = "ResponseHeaderModifier";
  const own = filters.find((filter) => filter.type === type);
  const others = filters.filter((filter) => filter !== own);
  const before = own?.responseHeaderModifier;
  const set = (before?.set ?? []).filter(({ name }) => name.toLowerCase() !== served.name);
  return [...others, { type, responseHeaderModifier: { ...before, set: [...set, served] } }];
}
