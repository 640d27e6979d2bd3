import { lookup } from "./lookup.ts";
import { STABLE } from "./names.ts";
import type { Route } from "./route.ts";
import { maxDepth, type RouteTable, type TableVariant } from "./table.ts";

export type Via = "pin" | "environment" | "stable" | "none";

/** The service, or the consumer of a service, that a request or message is addressed to. */
export interface Target {
  readonly service: string;
  /** A consumer of the service; absent for HTTP. */
  readonly endpoint?: string | undefined;
}

/** A pin, environment or member that the route refers to and that is not live. */
export type Missed =
  | { readonly kind: "pin"; readonly service: string; readonly key: string }
  | { readonly kind: "environment"; readonly environment: string }
  | {
      readonly kind: "member";
      readonly environment: string;
      readonly service: string;
      readonly key: string;
    };

export interface Resolution {
  readonly service: string;
  readonly via: Via;
  /** Undefined exactly when `via` is `none`. */
  readonly key: string | undefined;
  readonly variant: TableVariant | undefined;
  /** The layer whose member answered; set exactly when `via` is `environment`. */
  readonly layer: string | undefined;
  readonly missed: readonly Missed[];
}

const nothingMissed: readonly Missed[] = Object.freeze([]);

/** State of one call of `resolve`. */
interface Search {
  readonly target: Target;
  readonly variants: Readonly<Record<string, TableVariant>> | undefined;
  missed: Missed[] | undefined;
}

/**
 * Decides which variant of a service answers a route, and why. Pure and total.
 *
 * The service's own pin if that variant is live; else the first layer, from the route's environment upward, whose member
 * is live; else stable; else nothing. Health is never an input.
 */
export function resolve(table: RouteTable, route: Route, target: Target): Resolution {
  const variants = lookup(table.services, target.service);
  const search: Search = { target, variants, missed: undefined };
  return (
    fromPin(table, route, search) ??
    fromLayers(table, route.environment, search) ??
    found(search, "stable", STABLE) ??
    noVariant(search)
  );
}

function fromPin(table: RouteTable, route: Route, search: Search): Resolution | undefined {
  const { service } = search.target;
  const key = route.pins.get(service);
  if (key === undefined) return undefined;
  const resolution = found(search, "pin", key);
  if (resolution === undefined) {
    miss(search, { kind: "pin", service, key });
    return undefined;
  }
  // An unknown environment is reported even though the pin decided.
  const { environment } = route;
  if (environment === undefined || environment === STABLE) return resolution;
  if (lookup(table.environments, environment) !== undefined) return resolution;
  return { ...resolution, missed: [{ kind: "environment", environment }] };
}

function fromLayers(
  table: RouteTable,
  environment: string | undefined,
  search: Search,
): Resolution | undefined {
  const { service } = search.target;
  let layer = environment;
  for (let depth = 0; layer !== undefined && layer !== STABLE && depth < maxDepth; depth++) {
    const listed = lookup(table.environments, layer);
    if (listed === undefined) {
      miss(search, { kind: "environment", environment: layer });
      return undefined;
    }
    const key = lookup(listed.members, service);
    if (key !== undefined) {
      const resolution = found(search, "environment", key, layer);
      if (resolution !== undefined) return resolution;
      miss(search, { kind: "member", environment: layer, service, key });
    }
    layer = listed.parent;
  }
  return undefined;
}

function found(search: Search, via: Via, key: string, layer?: string): Resolution | undefined {
  const { service, endpoint } = search.target;
  if (search.variants === undefined) return undefined;
  const variant = lookup(search.variants, key);
  if (variant === undefined || !consumes(variant, endpoint)) return undefined;
  return { service, via, key, variant, layer, missed: search.missed ?? nothingMissed };
}

function consumes(variant: TableVariant, endpoint: string | undefined): boolean {
  if (endpoint === undefined || variant.endpoints === undefined) return true;
  return variant.endpoints.includes(endpoint);
}

function noVariant(search: Search): Resolution {
  return {
    service: search.target.service,
    via: "none",
    key: undefined,
    variant: undefined,
    layer: undefined,
    missed: search.missed ?? nothingMissed,
  };
}

function miss(search: Search, missed: Missed): void {
  if (search.missed === undefined) search.missed = [missed];
  else search.missed.push(missed);
}

/**
 * Everything the route refers to that is not live, for all services: in strict mode the edge refuses such a request. Uses
 * only `resolve`, so that the two never disagree.
 */
export function missedAnywhere(table: RouteTable, route: Route): readonly Missed[] {
  // "" is no service: it reports an unknown environment where the route has no pin.
  const services = new Set(["", ...route.pins.keys()]);
  let layer = route.environment;
  for (let depth = 0; layer !== undefined && layer !== STABLE && depth < maxDepth; depth++) {
    const environment = lookup(table.environments, layer);
    if (environment === undefined) break;
    for (const service of Object.keys(environment.members)) services.add(service);
    layer = environment.parent;
  }
  const byText = new Map<string, Missed>();
  for (const service of services) {
    for (const one of resolve(table, route, { service }).missed)
      byText.set(describeMissed(one), one);
  }
  return [...byText.values()];
}

/** `payment-service:mp-101`, `environment ops-101`, `payment-service:mp-101 of environment ops-101`. */
export function describeMissed(missed: Missed): string {
  if (missed.kind === "pin") return `${missed.service}:${missed.key}`;
  if (missed.kind === "environment") return `environment ${missed.environment}`;
  return `${missed.service}:${missed.key} of environment ${missed.environment}`;
}
