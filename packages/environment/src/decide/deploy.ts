import { type OnUnavailable, RC, STABLE, formatVariant, own } from "@cocktail/route";
import type { DesiredEnvironment, DesiredVariant } from "../desired.ts";
import type { Source } from "../source.ts";
import type { StateChange, StoredState } from "../state.ts";
import { type Decision, type Refused, refused } from "./decision.ts";
import {
  counterOf,
  findEnvironment,
  findLiveVariant,
  findService,
  serviceNames,
} from "./lookup.ts";
import {
  checkKey,
  checkLayerName,
  checkLifetime,
  checkNotBuiltIn,
  checkService,
  checkServiceName,
} from "./names.ts";

/** A wish for a variant: what is left out stays as it was, or gets its default. */
export interface DeployWish {
  readonly service: string;
  readonly key: string;
  readonly branch?: string | undefined;
  readonly source?: Source | undefined;
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly environment?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly onUnavailable?: OnUnavailable | undefined;
  readonly replace?: boolean | undefined;
}

/** Every deploy makes a generation, also of an equal wish: the code behind it may be another. */
export function decideDeploy(
  state: StoredState,
  wish: DeployWish,
  now: number,
): Decision<{ readonly variant: DesiredVariant }> {
  const existing = findLiveVariant(state, wish.service, wish.key);
  const fault = checkWish(state, wish, existing);
  if (fault !== undefined) return fault;

  const kept = isOther(wish, existing) ? undefined : existing;
  const source = sourceOf(wish, kept);
  const command = wish.command ?? kept?.command;
  const unable = checkRunnable(state, wish, source, command);
  if (unable !== undefined) return unable;

  const variant: DesiredVariant = {
    ...optionsOf(wish, kept, now),
    service: wish.service,
    key: wish.key,
    generation: counterOf(state, wish.service, wish.key).generation + 1,
    source,
    command,
    createdAt: existing?.createdAt ?? now,
    deleted: false,
    discard: false,
  };
  return {
    kind: "decided",
    outcome: existing === undefined ? "created" : "updated",
    changes: [{ kind: "PutVariant", variant }, ...joinEnvironment(state, wish, variant, now)],
    warnings: replacedWarning(state, wish),
    variant,
  };
}

/** What a redeploy keeps where the wish leaves it out. */
function optionsOf(
  wish: DeployWish,
  kept: DesiredVariant | undefined,
  now: number,
): Pick<DesiredVariant, "env" | "branch" | "onUnavailable" | "endpoints" | "expiresAt"> {
  const { env, branch, onUnavailable, ttlSeconds } = wish;
  const base = kept ?? { env: {}, branch: undefined, onUnavailable: "Fail", endpoints: undefined };
  return {
    env: env ?? base.env,
    branch: branch ?? base.branch,
    onUnavailable: onUnavailable ?? base.onUnavailable,
    endpoints: base.endpoints,
    expiresAt: ttlSeconds === undefined ? kept?.expiresAt : now + ttlSeconds * 1000,
  };
}

function checkWish(
  state: StoredState,
  wish: DeployWish,
  existing: DesiredVariant | undefined,
): Refused | undefined {
  return checkNames(state, wish) ?? checkLifetime(wish.ttlSeconds) ?? checkBranch(wish, existing);
}

function checkNames(state: StoredState, wish: DeployWish): Refused | undefined {
  return checkVariantName(state, wish) ?? checkEnvironmentName(state, wish);
}

function checkVariantName(state: StoredState, { service, key }: DeployWish): Refused | undefined {
  if (key === STABLE) {
    return refused(
      "REFUSED",
      "ReservedKey",
      `${formatVariant(service, STABLE)} is made by its file or by a promotion`,
      `deploy ${formatVariant(service, RC)} and promote it, or change the file`,
    );
  }
  return (
    checkService(service) ??
    checkKey(key, "key") ??
    checkServiceName(state, service) ??
    (key === service ? checkSelf(service) : checkLayerName(state, key))
  );
}

function checkEnvironmentName(
  state: StoredState,
  { service, environment }: DeployWish,
): Refused | undefined {
  if (environment === undefined) return undefined;
  return (
    checkKey(environment, "environment") ??
    checkNotBuiltIn(environment) ??
    (environment === service ? checkSelf(service) : checkLayerName(state, environment))
  );
}

function checkSelf(service: string): Refused {
  return refused(
    "CONFLICT",
    "NameTaken",
    `${service} can't be both a service and an environment`,
    "choose another key",
  );
}

/** A key is one branch's while it lives; the candidate's key is nobody's. */
function checkBranch(wish: DeployWish, existing: DesiredVariant | undefined): Refused | undefined {
  if (wish.key === RC || wish.replace === true || !isOther(wish, existing)) return undefined;
  const variant = formatVariant(wish.service, wish.key);
  return refused(
    "CONFLICT",
    "KeyConflict",
    `${variant} belongs to branch ${existing?.branch ?? ""}, not to ${wish.branch ?? ""}`,
    "choose another key with --key, or take this one over with --replace",
  );
}

function isOther(wish: DeployWish, existing: DesiredVariant | undefined): boolean {
  return (
    existing?.branch !== undefined && wish.branch !== undefined && existing.branch !== wish.branch
  );
}

function sourceOf(wish: DeployWish, kept: DesiredVariant | undefined): Source {
  if (wish.source !== undefined) return wish.source;
  if (kept !== undefined && (wish.branch === undefined || kept.branch === wish.branch)) {
    return kept.source;
  }
  return wish.branch === undefined ? { kind: "service" } : { kind: "branch", branch: wish.branch };
}

/** What can be known without looking at a disk: the platform checks the rest. */
function checkRunnable(
  state: StoredState,
  { service, key }: DeployWish,
  source: Source,
  command: readonly string[] | undefined,
): Refused | undefined {
  if (source.kind === "url") return undefined;
  const known = findService(state, service);
  const variant = formatVariant(service, key);
  const hasCode = source.kind === "directory" || known?.path !== undefined;
  if (!hasCode) return sourceMissing(state, service, variant);
  if ((command ?? known?.command ?? []).length > 0) return undefined;
  return refused(
    "INVALID",
    "CommandMissing",
    `nothing says how to start ${variant}: ${service} has no command of its own`,
    "give the command after --",
  );
}

function sourceMissing(state: StoredState, service: string, variant: string): Refused {
  const missing = `nothing says where the code of ${variant} is`;
  // Most often a typing error.
  const [why, fix] = serviceNames(state).has(service)
    ? [`${service} has no path of its own`, "say where it is with --path DIR, or attach --url URL"]
    : [
        `there is no service ${service} yet`,
        "see the names with cocktail status; a new one begins with --path DIR -- COMMAND, or --url URL",
      ];
  return refused("INVALID", "SourceMissing", `${missing}: ${why}`, fix);
}

function joinEnvironment(
  state: StoredState,
  wish: DeployWish,
  variant: DesiredVariant,
  now: number,
): readonly StateChange[] {
  if (wish.environment === undefined) return [];
  const { service, key } = variant;
  const existing = findEnvironment(state, wish.environment) ?? {
    name: wish.environment,
    parent: STABLE,
    members: {},
    generation: 0,
    createdAt: now,
    // One that is made for a passing variant passes with it.
    expiresAt: variant.expiresAt,
  };
  if (own(existing.members, service) === key) return [];
  const environment: DesiredEnvironment = {
    ...existing,
    members: Object.fromEntries([...Object.entries(existing.members), [service, key]]),
    generation: existing.generation + 1,
  };
  return [{ kind: "PutEnvironment", environment }];
}

function replacedWarning(state: StoredState, wish: DeployWish): readonly string[] {
  if (wish.environment === undefined) return [];
  const members = findEnvironment(state, wish.environment)?.members ?? {};
  const before = own(members, wish.service);
  if (before === undefined || before === wish.key) return [];
  return [
    `environment ${wish.environment} has ${formatVariant(wish.service, wish.key)} instead of ${formatVariant(wish.service, before)}`,
  ];
}
