import type { GatewaySettings } from "@cocktail/gateway";
import type { RouteTable } from "@cocktail/route";
import type { Config } from "../config/config.ts";

type Services = GatewaySettings["services"];

/**
 * What the gateway needs to know of services: those of the file, in its order, and after them those that only a branch
 * has. Read for every request, so it is computed once for each table.
 */
export function gatewaySettings(config: Config, table: () => RouteTable): () => GatewaySettings {
  const own: Services = Object.fromEntries(
    config.services.map(({ entry, name, protocol }) => [name, { entry, protocol }]),
  );
  let seen: RouteTable | undefined;
  let settings: GatewaySettings = { domain: config.domain, services: own };
  return () => {
    const now = table();
    if (now !== seen) {
      seen = now;
      settings = { domain: config.domain, services: { ...own, ...branchOnly(now, own) } };
    }
    return settings;
  };
}

function branchOnly(table: RouteTable, own: Services): Services {
  const names = Object.keys(table.services).filter((name) => !Object.hasOwn(own, name));
  return Object.fromEntries(names.map((name) => [name, { entry: false, protocol: "auto" }]));
}
