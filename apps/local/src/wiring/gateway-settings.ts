import type { GatewaySettings } from "@cocktail/gateway";
import type { RouteTable } from "@cocktail/route";
import type { Config } from "../config/config.ts";

type Services = GatewaySettings["services"];

/**
 * What the gateway needs to know of services: those of the file, in its order, and after them those that only a branch
 * has. Read for every request, so it is computed once for each table.
 */
export function gatewaySettings(
  live: () => Config,
  table: () => RouteTable,
): () => GatewaySettings {
  let seen: { readonly table: RouteTable; readonly config: Config } | undefined;
  let settings: GatewaySettings | undefined;
  return () => {
    const now = { table: table(), config: live() };
    if (settings !== undefined && now.table === seen?.table && now.config === seen.config)
      return settings;
    seen = now;
    const own = ownServices(now.config);
    settings = { domain: now.config.domain, services: { ...own, ...branchOnly(now.table, own) } };
    return settings;
  };
}

function ownServices({ services }: Config): Services {
  return Object.fromEntries(
    services.map(({ entry, name, protocol }) => [name, { entry, protocol }]),
  );
}

function branchOnly(table: RouteTable, own: Services): Services {
  const names = Object.keys(table.services).filter((name) => !Object.hasOwn(own, name));
  return Object.fromEntries(names.map((name) => [name, { entry: false, protocol: "auto" }]));
}
