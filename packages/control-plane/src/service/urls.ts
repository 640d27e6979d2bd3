import type { EnvironmentObject, Objects, VariantObject } from "@cocktail/environment";
import { STABLE, isKey } from "@cocktail/route";

/** Public URLs. */
export interface Addresses {
  readonly domain: string;
  /** Base URL of the edge; undefined while it does not listen. */
  readonly edge: string | undefined;
}

type Services = Pick<Objects, "services">;

/** `http://mp-101.payment-service.localhost:8080`; undefined while the edge does not listen. */
export function variantUrl(
  addresses: Addresses,
  { services }: Services,
  service: string,
  key: string,
): string | undefined {
  if (services.get(service)?.spec.entry !== true) return undefined;
  return urlOf(addresses, key === STABLE ? [service] : [key, service]);
}

/** Through the first entry service. */
export function environmentUrl(
  addresses: Addresses,
  { services }: Services,
  name: string,
): string | undefined {
  if (!Array.from(services.values()).some(({ spec }) => spec.entry)) return undefined;
  return urlOf(addresses, name === STABLE || !isKey(name) ? [] : [name]);
}

export function objectUrl(
  addresses: Addresses,
  objects: Services,
  object: VariantObject | EnvironmentObject,
): string | undefined {
  return object.kind === "Environment"
    ? environmentUrl(addresses, objects, object.name)
    : variantUrl(addresses, objects, object.spec.service, object.spec.key);
}

function urlOf({ domain, edge }: Addresses, labels: readonly string[]): string | undefined {
  if (edge === undefined || !URL.canParse(edge)) return undefined;
  const { protocol, port } = new URL(edge);
  const host = [...labels, domain].join(".");
  return `${protocol}//${host}${port === "" ? "" : `:${port}`}`;
}
