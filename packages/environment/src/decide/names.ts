import { RC, STABLE, isKey, isServiceName } from "@cocktail/route";
import type { Objects } from "../object-index.ts";
import { type Refused, refused } from "./decision.ts";
import { isLiveKey, isService } from "./lookup.ts";

export function checkService(name: string): Refused | undefined {
  return isServiceName(name)
    ? undefined
    : refused("InvalidName", { name: clip(name), what: "service" });
}

export function checkKey(key: string, what: "key" | "environment"): Refused | undefined {
  return isKey(key) ? undefined : refused("InvalidName", { name: clip(key), what });
}

/** Services, keys and environments share the first label of a host, so their names must differ. */
export function checkLayerName(objects: Objects, name: string): Refused | undefined {
  return isService(objects, name)
    ? refused("NameTaken", { name, taken: "service", wanted: "layer" })
    : undefined;
}

export function checkServiceName(objects: Objects, service: string): Refused | undefined {
  const isLayer =
    service === STABLE ||
    service === RC ||
    objects.environments.has(service) ||
    isLiveKey(objects, service);
  return isLayer
    ? refused("NameTaken", { name: service, taken: "environment", wanted: "service" })
    : undefined;
}

export function checkNotBuiltIn(name: string): Refused | undefined {
  if (name !== STABLE && name !== RC) return undefined;
  return refused("EnvironmentBuiltIn", { environment: name });
}

/** Ten years; longer is presumed to be a mistake. */
export const maxLifetimeSeconds: number = 10 * 365 * 24 * 3600;

export function checkLifetime(seconds: number | undefined): Refused | undefined {
  const isValid =
    seconds === undefined ||
    (Number.isInteger(seconds) && seconds > 0 && seconds <= maxLifetimeSeconds);
  return isValid
    ? undefined
    : refused("InvalidLifetime", { seconds: String(seconds), max: String(maxLifetimeSeconds) });
}

function clip(text: string): string {
  return text.slice(0, 80);
}
