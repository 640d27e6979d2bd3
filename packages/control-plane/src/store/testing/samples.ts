import type {
  Actor,
  EnvironmentSpec,
  ServiceSpec,
  VariantSpec,
  VariantStatus,
} from "@cocktail/environment";
import { RC, type RouteTable, STABLE, type TableContent, type TableVariant } from "@cocktail/route";
import type { Store } from "../store.ts";

/** A new, empty store, or a part of one. */
interface Fixture<S> extends AsyncDisposable {
  readonly store: S;
  /** Another store over the same data, as a second process would open it. In memory there is only the one. */
  another(): Promise<S>;
}

export type StoreFixture = Fixture<Store>;
export type TablesFixture = Fixture<Pick<Store, "tables">>;

export function sampleEntry(key: string, revision: string): TableVariant {
  return {
    incarnation: 1,
    tier: key === STABLE ? "stable" : key === RC ? "rc" : "branch",
    revision,
    destination: "http://127.0.0.1:4001",
    onUnavailable: "Fail",
  };
}

/** `content({ "cart-service": { stable: "r1" } })`: every named variant with its revision, and no environment but rc. */
export function sampleContent(
  services: Readonly<Record<string, Readonly<Record<string, string>>>>,
): TableContent {
  return {
    services: Object.fromEntries(
      Object.entries(services).map(([service, keys]) => [
        service,
        Object.fromEntries(
          Object.entries(keys).map(([key, revision]) => [key, sampleEntry(key, revision)]),
        ),
      ]),
    ),
    environments: { [RC]: { parent: STABLE, members: {} } },
  };
}

/** The content of a table with one variant put, or removed where the revision is undefined. */
export function withVariant(
  table: TableContent,
  service: string,
  key: string,
  revision: string | undefined,
): TableContent {
  const { [key]: _, ...others } = table.services[service] ?? {};
  const { [service]: __, ...services } = table.services;
  const variants =
    revision === undefined ? others : { ...others, [key]: sampleEntry(key, revision) };
  return {
    environments: table.environments,
    services: Object.keys(variants).length === 0 ? services : { ...services, [service]: variants },
  };
}

export interface HistoryStep {
  readonly service: string;
  readonly key: string;
  /** Undefined: the variant goes. */
  readonly revision: string | undefined;
}

/** The same wild sequence every time: variants come, change, go and come back. */
export function historySteps(count: number): readonly HistoryStep[] {
  let seed = 1;
  const pick = <T>(choices: readonly T[]): T | undefined => {
    seed = (seed * 48_271) % 2_147_483_647;
    return choices[seed % choices.length];
  };
  return Array.from({ length: count }, () => ({
    service: pick(["a", "b", "c"]) ?? "",
    key: pick(["stable", "rc", "mp-1", "mp-2"]) ?? "",
    revision: pick([undefined, "r1", "r2", "r3"]),
  }));
}

/** What a table holds, apart from the floor, which rises with time. */
export function withoutFloor(table: RouteTable): Omit<RouteTable, "historyFloor"> {
  const { historyFloor: _, ...rest } = table;
  return rest;
}

export const sampleActor: Actor = { name: "token:test", groups: ["squad"] };

export const sampleService: ServiceSpec = {
  position: 0,
  entry: true,
  protocol: "auto",
  source: { kind: "service", nested: { list: [1, "two"], empty: {} } },
  entryHash: "12345678",
};

export const sampleVariant: VariantSpec = {
  service: "payment-service",
  key: "mp-101",
  rollout: 3,
  source: { kind: "branch", branch: "feature/mp-101", env: { EMPTY: "" } },
  branch: "feature/mp-101",
  onUnavailable: "Fallback",
  endpoints: ["payments"],
  expiresAt: 1_764_000_600_000,
};

export const sampleEnvironment: EnvironmentSpec = {
  parent: "rc",
  members: { "payment-service": "mp-101", constructor: "stable" },
  expiresAt: 1_764_000_600_000,
  onDelete: "Keep",
};

export const sampleStatus: VariantStatus = {
  observedGeneration: 1,
  conditions: [
    {
      type: "Ready",
      status: "False",
      reason: "PrepareFailed",
      message: "npm ci ended with 1",
      observedGeneration: 1,
      lastTransitionTime: "2026-11-23T10:00:00.000Z",
    },
  ],
  incarnations: [
    {
      number: 7,
      rollout: 3,
      state: "ACTIVE",
      revision: "0123abc",
      destination: "http://127.0.0.1:4001",
      host: "host-1",
      onUnavailable: "Fallback",
      endpoints: ["payments"],
      createdAt: 1_764_000_000_000,
      failure: { reason: "PrepareFailed", message: "npm ci ended with 1", at: 1_764_000_000_001 },
    },
  ],
  lastIncarnation: 7,
  revision: "0123abc",
  url: "http://mp-101.payment-service.localhost:8080",
};
