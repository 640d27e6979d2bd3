import type { Readers } from "@cocktail/control-plane";
import type { Gateway } from "@cocktail/gateway";
import type { Config } from "../config/config.ts";
import { RouteProbe } from "./route-probe.ts";

/** The single gateway of a local cocktail, as the control plane's `Readers`. */
export function gatewayReaders(gateway: Gateway, config: Config): Readers {
  const paths = new Map(config.services.map(({ health, name }) => [name, health]));
  const probe = new RouteProbe({ gateway, health: (service) => paths.get(service) });
  return {
    awaitAcked: (epoch, signal) => gateway.awaitEpoch(epoch, signal),
    drained: (ref, _destination, budgetMs) => gateway.drained(ref, { budgetMs }),
    probe: (ref) => probe.probe(ref),
  };
}
