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
  const parent = wish.parent ?? STABLE;
  const members = wish.members ?? {};
  const fault =
    checkKey(wish.name, "environment") ??
    checkNotBuiltIn(wish.name) ??
    checkLayerName(state, wish.name) ??
    (verb === "create" && existing !== undefined ? exists(wish.name) : undefined) ??
    checkLifetime(wish.ttlSeconds) ??
    checkMembers(members) ??
    checkParent(state, wish.name, parent);
  if (fault !== undefined) return fault;

  const environment: DesiredEnvironment = {
    name: wish.name,
    parent,
    members,
    generation: (existing?.generation ?? 0) + 1,
    createdAt: existing?.createdAt ?? now,
    expiresAt: wish.ttlSeconds === undefined ? existing?.expiresAt : now + wish.ttlSeconds * 1000,
  };
  const warnings = missingMembers(state, environment);
  const isSame =
    existing !== undefined &&
    sameLayer(existing, environment) &&
    existing.expiresAt === environment.expiresAt;
  if (isSame) {
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

function exists(name: string): Refused {
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
  const deep = [...parents.keys()].sort().find((layer) => depthOf(layer, parentOf) === undefined);
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
    .sort();
}
