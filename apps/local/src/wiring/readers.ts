import type { Readers } from "@cocktail/control-plane";
import type { Gateway } from "@cocktail/gateway";
import type { Config } from "../config/config.ts";
import { RouteProbe } from "./route-probe.ts";

/** The single gateway of a local cocktail, as the control plane's `Readers`. */
export function gatewayReaders(gateway: Gateway, live: () => Config): Readers {
  const health = (service: string): string | undefined =>
    live().services.find(({ name }) => name === service)?.health;
  const probe = new RouteProbe({ gateway, health });
  return {
    awaitAcked: (epoch, signal) => gateway.awaitEpoch(epoch, signal),
    drained: (ref, _destination, budgetMs) => gateway.drained(ref, { budgetMs }),
    probe: (ref) => probe.probe(ref),
  };
}
