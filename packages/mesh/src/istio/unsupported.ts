import { isServiceName } from "@cocktail/route";
import { ownRoutes } from "./chart.ts";
import { type MeshNames, variantsName } from "./names.ts";
import type { HttpRoute, MeshService } from "./objects.ts";

export const unsupportedReasons = [
  "ServiceName",
  "NoPorts",
  "NoRoutes",
  "OwnDelegate",
  "DestinationHeaders",
  "DestinationPort",
  "HeaderInUse",
  "TooLarge",
] as const;
export type UnsupportedReason = (typeof unsupportedReasons)[number];

/** A service whose objects can't be rendered in the wanted form, and what to change. */
export class UnsupportedService extends Error {
  override readonly name = "UnsupportedService";
  readonly reason: UnsupportedReason;

  constructor(reason: UnsupportedReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The chart's own routes of a service that can have variants in either form. Never empty: an empty delegate counts as a missing one. */
export function supportedRoutes(service: MeshService, names: MeshNames): readonly HttpRoute[] {
  const { name, ports, base } = service;
  const where = `VirtualService ${base.metadata.namespace ?? "default"}/${base.metadata.name}`;
  if (!isServiceName(name) || name.includes("."))
    throw new UnsupportedService(
      "ServiceName",
      `${JSON.stringify(name.slice(0, 80))} is not the name of a Kubernetes Service: use a DNS label of at most 63 characters.`,
    );
  if (ports.length === 0)
    throw new UnsupportedService(
      "NoPorts",
      `Service ${name} has no HTTP port: name a port http, or http-something, or set its appProtocol.`,
    );
  const own = ownRoutes(base, name, names);
  if (own.length === 0)
    throw new UnsupportedService(
      "NoRoutes",
      `${where} has no http route of its own: add one to stable.`,
    );
  const foreign = own.find((route) => route.delegate !== undefined)?.delegate;
  if (foreign !== undefined)
    throw new UnsupportedService(
      "OwnDelegate",
      `${where} delegates to ${foreign.name}: Istio has one level of delegates, so the routes of ${foreign.name} can't be repeated in ${variantsName(name)}. Move them into ${base.metadata.name}.`,
    );
  return own;
}
