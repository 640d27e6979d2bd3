import { RC, STABLE, formatVariant, isKey, isServiceName, maxDepth } from "@cocktail/route";
import type { DesiredEnvironment } from "../desired.ts";
import { depthOf } from "../layers.ts";
import { sameLayer } from "../plan-environment.ts";
import type { StoredState } from "../state.ts";
import { type Decision, type Refused, refused } from "./decision.ts";
import { findEnvironment, findLiveVariant, liveKeys } from "./lookup.ts";
import { checkKey, checkLayerName, checkLifetime, checkNotBuiltIn } from "./names.ts";

export interface EnvironmentWish {
  readonly name: string;
  readonly parent?: string | undefined;
  readonly members?: Readonly<Record<string, string>> | undefined;
  readonly ttlSeconds?: number | undefined;
}

/**
 * `create` refuses what exists, `apply` makes it so. A lifetime that is left out stays what it was; everything else is as
 * the wish says.
 */
export function decideEnvironment(
  state: StoredState,
  wish: EnvironmentWish,
  verb: "create" | "apply",
  now: number,
): Decision<{ readonly environment: DesiredEnvironment }> {
  const existing = findEnvironment(state, wish.name);
  const environment = wished(wish, existing, now);
  const fault =
    checkName(state, wish.name) ??
    checkNew(verb, existing) ??
    checkLifetime(wish.ttlSeconds) ??
    checkMembers(environment.members) ??
    checkParent(state, wish.name, environment.parent);
  if (fault !== undefined) return fault;

  const warnings = missingMembers(state, environment);
  if (existing !== undefined && isSame(existing, environment)) {
    return { kind: "decided", outcome: "unchanged", changes: [], warnings, environment: existing };
  }
  return {
    kind: "decided",
    outcome: existing === undefined ? "created" : "updated",
    changes: [{ kind: "PutEnvironment", environment }],
    warnings,
    environment,
  };
}

function wished(
  { name, parent = STABLE, members = {}, ttlSeconds }: EnvironmentWish,
  existing: DesiredEnvironment | undefined,
  now: number,
): DesiredEnvironment {
  const { generation, createdAt, expiresAt } = existing ?? {
    generation: 0,
    createdAt: now,
    expiresAt: undefined,
  };
  return {
    name,
    parent,
    members,
    generation: generation + 1,
    createdAt,
    expiresAt: ttlSeconds === undefined ? expiresAt : now + ttlSeconds * 1000,
  };
}

function isSame(one: DesiredEnvironment, other: DesiredEnvironment): boolean {
  return sameLayer(one, other) && one.expiresAt === other.expiresAt;
}

function checkName(state: StoredState, name: string): Refused | undefined {
  return checkKey(name, "environment") ?? checkNotBuiltIn(name) ?? checkLayerName(state, name);
}

function checkNew(
  verb: "create" | "apply",
  existing: DesiredEnvironment | undefined,
): Refused | undefined {
  if (verb === "apply" || existing === undefined) return undefined;
  const { name } = existing;
  return refused(
    "CONFLICT",
    "EnvironmentExists",
    `environment ${name} exists`,
    `change it with: cocktail env apply, or delete it first: cocktail env delete ${name}`,
  );
}

function checkMembers(members: Readonly<Record<string, string>>): Refused | undefined {
  for (const [service, key] of Object.entries(members)) {
    if (isServiceName(service) && isKey(key)) continue;
    return refused(
      "INVALID",
      "InvalidName",
      `"${`${service}:${key}`.slice(0, 80)}" is not a variant`,
      "write members as service:key",
    );
  }
  return undefined;
}

/** Parents are trees rooted at stable, also below this environment. */
function checkParent(state: StoredState, name: string, parent: string): Refused | undefined {
  const known = new Set([
    STABLE,
    RC,
    ...liveKeys(state),
    ...state.environments.map((each) => each.name),
  ]);
  if (!known.has(parent)) {
    return refused(
      "INVALID",
      "ParentNotFound",
      `environment ${name} can't stand on ${parent}: there is no such environment`,
      "create the parent first, or leave it out to stand on stable",
    );
  }
  const parents = new Map(state.environments.map((each) => [each.name, each.parent]));
  parents.set(name, parent);
  const parentOf = (layer: string): string => parents.get(layer) ?? STABLE;
  if (isCycle(name, parentOf)) {
    return refused(
      "INVALID",
      "ParentCycle",
      `environment ${name} can't stand on ${parent}, which stands on ${name}`,
      "choose another parent",
    );
  }
  const deep = [...parents.keys()]
    .toSorted()
    .find((layer) => depthOf(layer, parentOf) === undefined);
  if (deep === undefined) return undefined;
  return refused(
    "INVALID",
    "ParentTooDeep",
    `environment ${deep} would have more than ${maxDepth} parents`,
    "choose a parent nearer to stable",
  );
}

function isCycle(name: string, parentOf: (layer: string) => string): boolean {
  let at = parentOf(name);
  for (let steps = 0; at !== STABLE && steps <= maxDepth * 2; steps++) {
    if (at === name) return true;
    at = parentOf(at);
  }
  return false;
}

function missingMembers(state: StoredState, { members }: DesiredEnvironment): readonly string[] {
  return Object.entries(members)
    .filter(([service, key]) => findLiveVariant(state, service, key) === undefined)
    .map(
      ([service, key]) => `${formatVariant(service, key)} is not deployed; the layers below answer`,
    )
    .toSorted();
}
