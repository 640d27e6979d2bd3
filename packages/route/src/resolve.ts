import { STABLE } from "./names.ts";
import type { Route } from "./route.ts";
import { maxDepth, own, type RouteTable, type TableVariant } from "./table.ts";

export type Via = "pin" | "environment" | "stable" | "none";

/** Whom a request or message is for. */
export interface Target {
  readonly service: string;
  /** One consumer of the service; absent for HTTP. */
  readonly endpoint?: string | undefined;
}

/** Something the route named that is not live. */
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

/**
 * The one rule: which variant of a service a route means in a table, and why. Pure and total.
 *
 * The service's own pin if that variant is live; else the first layer, from the route's environment upward, whose member
 * is live; else stable; else nothing. Health is never an input.
 */
export function resolve(table: RouteTable, route: Route, target: Target): Resolution {
  const { service, endpoint } = target;
  const variants = own(table.services, service);
  let missed: Missed[] | undefined;

  const pinned = route.pins.get(service);
  if (pinned !== undefined) {
    const variant = live(variants, pinned, endpoint);
    if (variant !== undefined)
      return found(service, "pin", pinned, variant, undefined, nothingMissed);
    missed = [{ kind: "pin", service, key: pinned }];
  }

  let layer = route.environment;
  for (let depth = 0; layer !== undefined && layer !== STABLE && depth < maxDepth; depth++) {
    const environment = own(table.environments, layer);
    if (environment === undefined) {
      (missed ??= []).push({ kind: "environment", environment: layer });
      break;
    }
    const key = own(environment.members, service);
    if (key !== undefined) {
      const variant = live(variants, key, endpoint);
      if (variant !== undefined)
        return found(service, "environment", key, variant, layer, missed ?? nothingMissed);
      (missed ??= []).push({ kind: "member", environment: layer, service, key });
    }
    layer = environment.parent;
  }

  const stable = live(variants, STABLE, endpoint);
  if (stable !== undefined)
    return found(service, "stable", STABLE, stable, undefined, missed ?? nothingMissed);
  return {
    service,
    via: "none",
    key: undefined,
    variant: undefined,
    layer: undefined,
    missed: missed ?? nothingMissed,
  };
}

/**
 * Everything a route names that is not live, whichever service it is for: what an edge refuses in strict mode. Made of
 * `resolve` alone.
 */
export function missedAnywhere(table: RouteTable, route: Route): readonly Missed[] {
  const services = new Set(route.pins.keys());
  let layer = route.environment;
  for (let depth = 0; layer !== undefined && layer !== STABLE && depth < maxDepth; depth++) {
    const environment = own(table.environments, layer);
    if (environment === undefined) break;
    for (const service of Object.keys(environment.members)) services.add(service);
    layer = environment.parent;
  }
  // A route that names only an unknown environment has no service to ask for; any name will do.
  if (services.size === 0) return resolve(table, route, { service: "" }).missed;
  const byText = new Map<string, Missed>();
  for (const service of services) {
    for (const miss of resolve(table, route, { service }).missed)
      byText.set(describeMissed(miss), miss);
  }
  return [...byText.values()];
}

/** `payment-service:mp-101`, `environment ops-101`, `payment-service:mp-101 of environment ops-101`. */
export function describeMissed(missed: Missed): string {
  if (missed.kind === "pin") return `${missed.service}:${missed.key}`;
  if (missed.kind === "environment") return `environment ${missed.environment}`;
  return `${missed.service}:${missed.key} of environment ${missed.environment}`;
}

function live(
  variants: Readonly<Record<string, TableVariant>> | undefined,
  key: string,
  endpoint: string | undefined,
): TableVariant | undefined {
  if (variants === undefined) return undefined;
  const variant = own(variants, key);
  if (variant === undefined || endpoint === undefined || variant.endpoints === undefined)
    return variant;
  return variant.endpoints.includes(endpoint) ? variant : undefined;
}

function found(
  service: string,
  via: Via,
  key: string,
  variant: TableVariant,
  layer: string | undefined,
  missed: readonly Missed[],
): Resolution {
  return { service, via, key, variant, layer, missed };
}
