import type {
  Condition,
  DeployResult,
  Environment,
  EnvironmentResult,
  Status,
  Variant,
} from "@cocktail/client";

/** Complete wire objects, so that a test states only the fields that matter. */
export function condition(
  status: Condition["status"],
  reason: string,
  observedGeneration: number,
  message = "",
): Condition {
  return {
    type: "Ready",
    status,
    reason,
    message,
    observedGeneration,
    lastTransitionTime: "2026-11-23T09:00:00Z",
  };
}

export function variant(name: string, more: Partial<Variant> = {}): Variant {
  const [service = "", key = ""] = name.split(":");
  return {
    name,
    service,
    key,
    tier: key === "stable" ? "stable" : key === "rc" ? "rc" : "branch",
    state: "ACTIVE",
    revision: "0123456789abcdef0123456789abcdef01234567",
    source: { kind: "branch", branch: `feature/${key}` },
    onUnavailable: "Fail",
    incarnations: [
      {
        number: 1,
        state: "ACTIVE",
        revision: "0123456789abcdef0123456789abcdef01234567",
        restarts: 0,
      },
    ],
    conditions: [condition("True", "Serving", 1)],
    environments: [],
    promoted: false,
    createdAt: "2026-11-23T09:00:00Z",
    header: { name: "x-service-route", value: name },
    ...more,
  };
}

export function deployed(of: Variant, more: Partial<DeployResult> = {}): DeployResult {
  return {
    outcome: "created",
    generation: 1,
    variant: of,
    plan: [{ kind: "CreateIncarnation", target: `${of.name}#1` }],
    warnings: [],
    ...more,
  };
}

export function environment(name: string, more: Partial<Environment> = {}): Environment {
  return {
    name,
    kind: "Explicit",
    parent: "stable",
    url: `http://${name}.localhost:8080`,
    header: { name: "x-source-route", value: name },
    epoch: 7,
    conditions: [{ ...condition("True", "MembersServe", 1) }],
    members: [],
    inherited: [],
    ...more,
  };
}

export function written(of: Environment, more: Partial<EnvironmentResult> = {}): EnvironmentResult {
  return {
    outcome: "created",
    environment: of,
    plan: [{ kind: "PublishTable", target: of.name }],
    warnings: [],
    ...more,
  };
}

export function status(more: Partial<Status> = {}): Status {
  return {
    name: "shop",
    version: "0.1.0",
    domain: "localhost",
    edge: "http://localhost:8080",
    epoch: 7,
    tag: "00000000",
    writable: true,
    outdated: false,
    startedAt: "2026-11-23T09:00:00Z",
    recovered: [],
    services: [
      {
        name: "cart",
        entry: true,
        protocol: "auto",
        url: "http://cart.localhost:8080",
        variants: ["stable"],
        promoted: false,
      },
    ],
    ...more,
  };
}
