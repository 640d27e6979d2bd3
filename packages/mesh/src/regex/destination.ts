import type { MeshNames } from "../istio/names.ts";
import type { MeshService, RouteDestination } from "../istio/objects.ts";
import { umbrellaHost } from "../istio/umbrella.ts";

/** The one destination of a variant, for a route whose requests stable may divide. */
export function toVariant(
  service: MeshService,
  [first, ...others]: readonly RouteDestination[],
  key: string,
  names: MeshNames,
): readonly RouteDestination[] {
  const number = first?.destination.port?.number;
  const port = service.ports.some((one) => one.number === number)
    ? first?.destination.port
    : undefined;
  const destination = {
    host: umbrellaHost(service, names),
    subset: key,
    ...(port === undefined ? {} : { port }),
  };
  const headers = others.length === 0 ? first?.["headers"] : undefined;
  return [{ destination, ...(headers === undefined ? {} : { headers }) }];
}
