import { isIP } from "node:net";
import { own, type RouteTable, STABLE } from "@cocktail/route";
import type { Problem } from "./problem.ts";
import { firstEntry, type GatewaySettings } from "./settings.ts";

/** The service and environment that a host of the edge names. */
export type Location =
  | {
      readonly kind: "entry";
      readonly service: string;
      /** Named by the host; it outranks the cookie and is outranked by the header. */
      readonly environment: string | undefined;
    }
  | { readonly kind: "refused"; readonly problem: Problem };

/** The host without its port and final dot, lower case. */
export function hostName(host: string): string {
  const port = host.startsWith("[") ? host.indexOf("]:") + 1 : host.indexOf(":");
  const name = (port > 0 ? host.slice(0, port) : host).toLowerCase();
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

/**
 * `<service>.<domain>`, `<environment>.<service>.<domain>`, `<environment>.<domain>`, `<domain>`. An address counts as
 * the domain only where that is `localhost`: elsewhere any site that points a name at the gateway would be accepted.
 */
export function locate(host: string, settings: GatewaySettings, table: RouteTable): Location {
  const name = hostName(host);
  const { domain } = settings;
  const address = isIP(name.replace(/^\[|\]$/g, "")) !== 0;
  if (name === domain || (address && domain === "localhost")) return entryOf(settings, undefined);
  if (!name.endsWith(`.${domain}`)) return outsideDomain(name, domain);

  const labels = name.slice(0, -domain.length - 1);
  if (own(settings.services, labels) !== undefined) return serviceAt(labels, undefined, settings);
  if (isEnvironment(table, labels)) return entryOf(settings, labels);

  const dot = labels.indexOf(".");
  const environment = labels.slice(0, Math.max(dot, 0));
  const service = labels.slice(dot + 1);
  if (dot < 0 || own(settings.services, service) === undefined) return unknownHost(name, settings);
  if (!isEnvironment(table, environment)) return refused(environmentMissing(environment));
  return serviceAt(service, environment, settings);
}

/** True for a layer of the table, and for `stable`, the root layer. */
export function isEnvironment(table: RouteTable, name: string): boolean {
  return name === STABLE || own(table.environments, name) !== undefined;
}

function serviceAt(
  service: string,
  environment: string | undefined,
  settings: GatewaySettings,
): Location {
  if (own(settings.services, service)?.entry === true)
    return { kind: "entry", service, environment };
  return refused({
    code: "NotAnEntry",
    detail: `${service} is not an entry service`,
    fix: `Set entry: true on it, or call it through an entry service (${entries(settings)})`,
    service,
  });
}

function entryOf(settings: GatewaySettings, environment: string | undefined): Location {
  const service = firstEntry(settings);
  if (service !== undefined) return { kind: "entry", service, environment };
  return refused({
    code: "NotAnEntry",
    detail: "No service is reachable from outside",
    fix: "Set entry: true on the service that should be reachable from outside",
  });
}

function outsideDomain(name: string, domain: string): Location {
  return refused({
    code: "OutsideDomain",
    detail: `${name} is outside the domain ${domain}`,
    fix: `Use a host below ${domain}, or change the domain in the settings`,
  });
}

function unknownHost(name: string, settings: GatewaySettings): Location {
  return refused({
    code: "UnknownHost",
    detail: `${name} names neither an entry service nor an environment`,
    fix: `Use an entry service (${entries(settings)}), or an environment that exists`,
  });
}

export function environmentMissing(environment: string): Problem {
  return {
    code: "UnknownEnvironment",
    detail: `There is no environment ${environment.slice(0, 80)}`,
    fix: "List the environments; one is removed with its last variant or when its TTL expires",
  };
}

function refused(problem: Problem): Location {
  return { kind: "refused", problem };
}

function entries(settings: GatewaySettings): string {
  const names = Object.keys(settings.services).filter(
    (name) => settings.services[name]?.entry === true,
  );
  return names.length === 0 ? "none" : names.join(", ");
}

/** Bounds the cache: a client can send any number of hosts. */
const maxRemembered = 1024;

/** `locate`, cached per host while table and settings are the same objects. */
export class Locator {
  readonly #known = new Map<string, Location>();
  #table: RouteTable | undefined;
  #settings: GatewaySettings | undefined;

  locate(host: string, settings: GatewaySettings, table: RouteTable): Location {
    if (table !== this.#table || settings !== this.#settings) {
      this.#known.clear();
      this.#table = table;
      this.#settings = settings;
    }
    const known = this.#known.get(host);
    if (known !== undefined) return known;
    const found = locate(host, settings, table);
    if (this.#known.size < maxRemembered) this.#known.set(host, found);
    return found;
  }
}
