import { RC, STABLE, isKey, isServiceName } from "@cocktail/route";
import type { StoredState } from "../state.ts";
import { type Refused, refused } from "./decision.ts";
import { liveKeys, serviceNames } from "./lookup.ts";

export function checkService(name: string): Refused | undefined {
  if (isServiceName(name)) return undefined;
  return refused(
    "INVALID",
    "InvalidName",
    `"${clip(name)}" is not a service name`,
    "use lower-case letters, digits, - and .",
  );
}

export function checkKey(key: string, what: "key" | "environment"): Refused | undefined {
  if (isKey(key)) return undefined;
  return refused(
    "INVALID",
    "InvalidName",
    `"${clip(key)}" is not a valid ${what === "key" ? "key" : "environment name"}`,
    "use at most 40 lower-case letters, digits and -, not beginning or ending with -",
  );
}

/** A key or an environment and a service share the first label of a host: one name can't be both. */
export function checkLayerName(state: StoredState, name: string): Refused | undefined {
  if (!serviceNames(state).has(name)) return undefined;
  return refused(
    "CONFLICT",
    "NameTaken",
    `${name} is the name of a service, so it can't name a key or an environment`,
    "choose another name",
  );
}

export function checkServiceName(state: StoredState, service: string): Refused | undefined {
  const layers = new Set([
    STABLE,
    RC,
    ...liveKeys(state),
    ...state.environments.map(({ name }) => name),
  ]);
  if (!layers.has(service)) return undefined;
  return refused(
    "CONFLICT",
    "NameTaken",
    `${service} is the name of an environment, so it can't name a service`,
    "choose another name",
  );
}

export function checkNotBuiltIn(name: string): Refused | undefined {
  if (name !== STABLE && name !== RC) return undefined;
  return refused(
    "REFUSED",
    "EnvironmentBuiltIn",
    `environment ${name} is built in: it can't be created, changed or deleted`,
    "choose another name",
  );
}

/** Ten years, in seconds: longer is a mistake. */
const maxLifetime = 10 * 365 * 24 * 3600;

export function checkLifetime(seconds: number | undefined): Refused | undefined {
  if (
    seconds === undefined ||
    (Number.isInteger(seconds) && seconds > 0 && seconds <= maxLifetime)
  ) {
    return undefined;
  }
  return refused(
    "INVALID",
    "InvalidLifetime",
    `${seconds} is not a lifetime in seconds`,
    `give a whole number from 1 to ${maxLifetime}`,
  );
}

function clip(text: string): string {
  return text.slice(0, 80);
}
