import type { Patch, RawVirtualService } from "../src/index.ts";

export type Raw = Readonly<Record<string, unknown>>;

/** A VirtualService as a chart has it. */
export function target(http: readonly Raw[], more: Raw = {}): RawVirtualService {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "payment-service", namespace: "services" },
    spec: { hosts: ["payment-service.services.svc.cluster.local"], http, ...more },
  };
}

export function to(subset: string): readonly Raw[] {
  return [{ destination: { host: "payment-service.services.svc.cluster.local", subset } }];
}

/** A route of a base. */
export function baseRoute(name: string, match?: Raw): Raw {
  return { name, ...(match === undefined ? {} : { match: [match] }), route: to("stable") };
}

/** A route of a patch, for requests whose header `x-branch` is this. */
export function branchRoute(name: string | undefined, value: string): Raw {
  const named = name === undefined ? {} : { name };
  return { ...named, match: [{ headers: { "x-branch": { exact: value } } }], route: to(value) };
}

let count = 0;

/** A patch. Each is a second younger than the one before. */
export function patchOf(name: string, spec: unknown, more: Partial<Patch["owner"]> = {}): Patch {
  count += 1;
  const createdAt = new Date(Date.UTC(2026, 0, 1, 0, 0, count)).toISOString();
  const owner = {
    namespace: "services",
    name,
    uid: `uid-${count}`,
    generation: 1,
    createdAt,
    ...more,
  };
  return { owner, patch: spec };
}

export function routesOf(
  { spec }: RawVirtualService,
  kind: "http" | "tcp" | "tls" = "http",
): readonly Raw[] {
  return (spec[kind] ?? []) as readonly Raw[];
}

/** The names of the http routes, in order; what the route says of its subset for a merged one. */
export function namesOf(vs: RawVirtualService): readonly string[] {
  return routesOf(vs).map(({ name }) => String(name));
}

/** Where each http route goes, in order. */
export function subsetsOf(vs: RawVirtualService, kind: "http" | "tcp" | "tls" = "http") {
  return routesOf(vs, kind).map(({ route }) => {
    const [first] = route as readonly { destination: { subset: string } }[];
    return first?.destination.subset ?? "";
  });
}
