import type { Environment, Service, Variant } from "@cocktail/client";
import { emptyTable } from "@cocktail/route";
import type { LifecycleService } from "../src/service/lifecycle-service.ts";

export const aService: Service = {
  name: "payment-service",
  entry: true,
  protocol: "auto",
  path: "/src/payment-service",
  url: "http://payment-service.localhost:8080",
  variants: ["stable", "mp-101"],
  promoted: false,
};

export const aVariant: Variant = {
  name: "payment-service:mp-101",
  service: "payment-service",
  key: "mp-101",
  tier: "branch",
  state: "ACTIVE",
  revision: "0123abc",
  source: { kind: "branch", branch: "feature/mp-101" },
  branch: "feature/mp-101",
  directory: "/src/.cocktail/worktrees/payment-service-mp-101",
  onUnavailable: "Fail",
  incarnations: [
    {
      number: 1,
      state: "ACTIVE",
      revision: "0123abc",
      destination: "http://127.0.0.1:4001",
      pid: 7,
      restarts: 0,
    },
  ],
  conditions: [
    {
      type: "Ready",
      status: "True",
      reason: "Served",
      message: "",
      observedGeneration: 1,
      lastTransitionTime: "2026-11-23T10:00:00.000Z",
    },
  ],
  environments: ["ops-101"],
  promoted: false,
  createdAt: "2026-11-23T10:00:00.000Z",
  header: { name: "x-service-route", value: "payment-service:mp-101" },
};

export const anEnvironment: Environment = {
  name: "ops-101",
  kind: "Explicit",
  parent: "stable",
  header: { name: "x-source-route", value: "ops-101" },
  epoch: 4,
  createdAt: "2026-11-23T10:00:00.000Z",
  conditions: [],
  members: [{ service: "payment-service", key: "mp-101", layer: "ops-101", live: true }],
  inherited: [],
};

export interface FakeLifecycle extends LifecycleService {
  /** Every change that was asked for: its name, then its arguments. */
  readonly asked: readonly (readonly unknown[])[];
}

/**
 * Answers everything with samples and writes down what it was asked. `overrides` replace single methods: the API is
 * tested for what it makes of any answer, not for what a real service decides.
 */
export function fakeLifecycle(overrides: Partial<LifecycleService> = {}): FakeLifecycle {
  const asked: (readonly unknown[])[] = [];
  const answer =
    <T>(name: string, value: T) =>
    (...args: readonly unknown[]): Promise<{ readonly kind: "done"; readonly value: T }> => {
      asked.push([name, ...args]);
      return Promise.resolve({ kind: "done", value });
    };
  const rest = { plan: [], warnings: [] };
  const deployed = { outcome: "created", generation: 1, variant: aVariant, ...rest } as const;
  const environment = { environment: anEnvironment, ...rest };
  const table = emptyTable("0a0b0c0d");
  return {
    asked,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    syncServices: () => Promise.resolve([]),
    deploy: answer("deploy", deployed),
    destroy: answer("destroy", { outcome: "deleted", ...rest } as const),
    promote: answer("promote", { ...deployed, outcome: "updated" } as const),
    rollback: answer("rollback", { ...deployed, outcome: "updated" } as const),
    restart: answer("restart", { ...deployed, outcome: "updated" } as const),
    createEnvironment: answer("createEnvironment", { outcome: "created", ...environment } as const),
    applyEnvironment: answer("applyEnvironment", { outcome: "updated", ...environment } as const),
    extendEnvironment: answer("extendEnvironment", { outcome: "updated", ...environment } as const),
    deleteEnvironment: answer("deleteEnvironment", {
      outcome: "deleted",
      variants: ["payment-service:mp-101"],
      ...rest,
    } as const),
    services: () => [aService],
    service: (name) => (name === aService.name ? aService : undefined),
    variantNames: () => [aVariant.name],
    variants: () => [aVariant],
    variant: (service, key) =>
      service === aVariant.service && key === aVariant.key ? aVariant : undefined,
    variables: () => Promise.resolve({ COCKTAIL_SERVICE: "payment-service" }),
    environmentNames: () => [anEnvironment.name],
    environments: () => [anEnvironment],
    environment: (name) => (name === anEnvironment.name ? anEnvironment : undefined),
    explain: (name) =>
      name === anEnvironment.name
        ? {
            ready: true,
            reason: "Served",
            cause: "",
            params: {},
            blocks: [],
            environment: anEnvironment,
          }
        : undefined,
    table: () => table,
    restored: () => [],
    onChange: () => () => undefined,
    isSettled: () => true,
    ...overrides,
  };
}
