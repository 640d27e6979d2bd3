import { isKey, isServiceName, RC, STABLE } from "./names.ts";
import {
  checkChain,
  maxDepth,
  type OnUnavailable,
  own,
  type RouteTable,
  type TableEnvironment,
  type TableVariant,
  type Tier,
} from "./table.ts";

/** Why a document is not a route table; `path` is like `services.cart-service.mp-101.tier`. */
export interface TableFault {
  readonly path: string;
  readonly message: string;
}
export type TableReading =
  | { readonly ok: true; readonly table: RouteTable }
  | { readonly ok: false; readonly fault: TableFault };

/** Far above what a cluster needs, and low enough to protect a reader from exhausting its memory. */
export const tableLimits = Object.freeze({
  services: 10_000,
  variantsPerService: 10_000,
  environments: 20_000,
  membersPerEnvironment: 10_000,
  endpointsPerVariant: 1_000,
  textLength: 2_048,
});

/** Internal to this file: the first fault aborts the reading. */
class Fault extends Error {
  readonly fault: TableFault;

  constructor(path: string, message: string) {
    super(message);
    this.fault = { path, message };
  }
}

/**
 * Validates a route table that came over a network. Total: for any value it returns a table that holds every invariant
 * `resolve` relies on (names are valid, parents exist, chains end at stable), or the first fault. Unknown members are
 * dropped, so that an older reader can follow a newer control plane.
 */
export function readTable(document: unknown): TableReading {
  try {
    return { ok: true, table: tableOf(document) };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, fault: error.fault };
    // The value itself threw: a proxy or a getter.
    return { ok: false, fault: { path: "", message: "can't be read" } };
  }
}

function tableOf(document: unknown): RouteTable {
  const root = recordOf(document, "");
  checkResolver(own(root, "resolver"));
  const epoch = countOf(root, "epoch", "epoch");
  const historyFloor = countOf(root, "historyFloor", "historyFloor");
  if (historyFloor > epoch) throw new Fault("historyFloor", `is above the epoch ${epoch}`);
  const tag = textOf(root, "tag", "tag");
  if (!/^[0-9a-f]{8}$/.test(tag)) throw new Fault("tag", "is not 8 hex digits");
  const services = mapOf(own(root, "services"), "services", tableLimits.services, servicesOf);
  const environments = mapOf(
    own(root, "environments"),
    "environments",
    tableLimits.environments,
    environmentOf,
  );
  checkChains(environments);
  return { epoch, tag, resolver: 1, historyFloor, services, environments };
}

function checkResolver(value: unknown): void {
  if (value === 1) return;
  const newer = typeof value === "number" && value > 1;
  throw new Fault(
    "resolver",
    newer ? "is above 1: this reader is too old, upgrade it" : "is not 1",
  );
}

function servicesOf(
  service: string,
  value: unknown,
  path: string,
): Readonly<Record<string, TableVariant>> {
  if (!isServiceName(service)) throw new Fault(path, "is not a service name");
  return mapOf(value, path, tableLimits.variantsPerService, variantOf);
}

function variantOf(key: string, value: unknown, path: string): TableVariant {
  if (!isKey(key)) throw new Fault(path, "is not a key");
  const record = recordOf(value, path);
  const destination = destinationOf(own(record, "destination"), `${path}.destination`);
  const endpoints = endpointsOf(own(record, "endpoints"), `${path}.endpoints`);
  return {
    incarnation: countOf(record, "incarnation", `${path}.incarnation`),
    tier: tierOf(key, own(record, "tier"), `${path}.tier`),
    revision: textOf(record, "revision", `${path}.revision`),
    ...(destination === undefined ? {} : { destination }),
    onUnavailable: onUnavailableOf(own(record, "onUnavailable"), `${path}.onUnavailable`),
    ...(endpoints === undefined ? {} : { endpoints }),
  };
}

function environmentOf(name: string, value: unknown, path: string): TableEnvironment {
  if (!isKey(name)) throw new Fault(path, "is not an environment's name");
  if (name === STABLE) throw new Fault(path, "is the root, which can't be listed");
  const record = recordOf(value, path);
  const parent = textOf(record, "parent", `${path}.parent`);
  const members = mapOf(
    own(record, "members"),
    `${path}.members`,
    tableLimits.membersPerEnvironment,
    memberOf,
  );
  return { parent, members };
}

function memberOf(service: string, value: unknown, path: string): string {
  if (!isServiceName(service)) throw new Fault(path, "is not a service name");
  if (typeof value !== "string" || !isKey(value)) throw new Fault(path, "is not a key");
  return value;
}

function checkChains(environments: Readonly<Record<string, TableEnvironment>>): void {
  for (const name of Object.keys(environments)) {
    const fault = checkChain(environments, name);
    if (fault === undefined) continue;
    const path = `environments.${name}.parent`;
    if (fault.kind === "missing") {
      throw new Fault(path, `leads to ${fault.layer}, which is not listed`);
    }
    throw new Fault(path, `does not reach stable in ${maxDepth} steps`);
  }
}

function tierOf(key: string, value: unknown, path: string): Tier {
  const tier: Tier = key === STABLE ? "stable" : key === RC ? "rc" : "branch";
  if (value !== tier) throw new Fault(path, `must be ${tier} for this key`);
  return tier;
}

function onUnavailableOf(value: unknown, path: string): OnUnavailable {
  if (value === "Fail" || value === "Fallback") return value;
  throw new Fault(path, "must be Fail or Fallback");
}

function destinationOf(value: unknown, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value.length > tableLimits.textLength) {
    throw new Fault(path, "must be a string of at most 2,048 characters");
  }
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(value)) throw new Fault(path, "is not an http(s) URL");
  return value;
}

function endpointsOf(value: unknown, path: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > tableLimits.endpointsPerVariant) {
    throw new Fault(path, `must be a list of at most ${tableLimits.endpointsPerVariant} entries`);
  }
  return value.map((item: unknown, at) => {
    if (typeof item === "string" && item.length <= tableLimits.textLength) return item;
    throw new Fault(`${path}.${at}`, "must be a string of at most 2,048 characters");
  });
}

function mapOf<T>(
  value: unknown,
  path: string,
  limit: number,
  read: (name: string, item: unknown, path: string) => T,
): Readonly<Record<string, T>> {
  const entries = Object.entries(recordOf(value, path));
  if (entries.length > limit) throw new Fault(path, `has more than ${limit} entries`);
  return Object.fromEntries(
    entries.map(([name, item]) => [name, read(name, item, `${path}.${name.slice(0, 80)}`)]),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function recordOf(value: unknown, path: string): Fields {
  if (isFields(value)) return value;
  throw new Fault(path, "is not an object");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(record: Fields, name: string, path: string): string {
  const value = own(record, name);
  if (typeof value === "string" && value.length <= tableLimits.textLength) return value;
  throw new Fault(path, "must be a string of at most 2,048 characters");
}

function countOf(record: Fields, name: string, path: string): number {
  const value = own(record, name);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Fault(path, "must be a non-negative integer");
}
