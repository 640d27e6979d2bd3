import { RC, STABLE, formatVariant, isKey, isServiceName, maxDepth } from "@cocktail/route";
import { depthOf } from "../layers.ts";
import { type EnvironmentObject, type EnvironmentSpec, isLive } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { sameLayer } from "../plan-environment.ts";
import { createObject, writeSpec } from "../write.ts";
import { type Decision, type Refused, refused } from "./decision.ts";
import { disown, findLiveVariant, isLiveKey, liveEnvironment } from "./lookup.ts";
import { checkKey, checkLayerName, checkLifetime, checkNotBuiltIn } from "./names.ts";

export interface EnvironmentIntent {
  readonly name: string;
  readonly parent?: string | undefined;
  readonly members?: Readonly<Record<string, string>> | undefined;
  readonly ttlSeconds?: number | undefined;
}

/**
 * `create` refuses an existing environment, `apply` creates or replaces it: what is omitted, the lifetime too, is removed.
 */
export function decideEnvironment(
  objects: Objects,
  intent: EnvironmentIntent,
  verb: "create" | "apply",
  now: number,
): Decision {
  const { name } = intent;
  const existing = objects.environments.get(name);
  const spec = specOf(intent, now);
  const fault = checkNew(verb, existing) ?? checkIntent(objects, intent, spec);
  if (fault !== undefined) return fault;
  if (existing !== undefined && !isLive(existing)) {
    return { kind: "waits", for: { kind: "Environment", name } };
  }
  const warnings = missingMembers(objects, spec);
  if (existing !== undefined && isSame(existing.spec, spec)) {
    return { kind: "decided", outcome: "unchanged", writes: [], warnings };
  }
  return existing === undefined
    ? {
        kind: "decided",
        outcome: "created",
        writes: [...disown(objects, name), createObject("Environment", name, spec)],
        warnings,
      }
    : { kind: "decided", outcome: "updated", writes: [writeSpec(existing, spec)], warnings };
}

function checkIntent(
  objects: Objects,
  { name, ttlSeconds }: EnvironmentIntent,
  { members, parent }: EnvironmentSpec,
): Refused | undefined {
  return (
    checkName(objects, name) ??
    checkLifetime(ttlSeconds) ??
    checkMembers(members) ??
    checkParent(objects, name, parent)
  );
}

function specOf(
  { parent = STABLE, members = {}, ttlSeconds }: EnvironmentIntent,
  now: number,
): EnvironmentSpec {
  const expiresAt = ttlSeconds === undefined ? undefined : now + ttlSeconds * 1000;
  return { parent, members, expiresAt };
}

function isSame(one: EnvironmentSpec, other: EnvironmentSpec): boolean {
  return sameLayer(one, other) && one.expiresAt === other.expiresAt;
}

function checkName(objects: Objects, name: string): Refused | undefined {
  return checkKey(name, "environment") ?? checkNotBuiltIn(name) ?? checkLayerName(objects, name);
}

function checkNew(
  verb: "create" | "apply",
  existing: EnvironmentObject | undefined,
): Refused | undefined {
  if (verb === "apply" || existing === undefined || !isLive(existing)) return undefined;
  return refused("EnvironmentExists", { environment: existing.name });
}

function checkMembers(members: Readonly<Record<string, string>>): Refused | undefined {
  for (const [service, key] of Object.entries(members)) {
    if (isServiceName(service) && isKey(key)) continue;
    return refused("InvalidName", { name: `${service}:${key}`.slice(0, 80), what: "member" });
  }
  return undefined;
}

/** The parents form a tree rooted at stable, also with the layers that have this one above them. */
function checkParent(objects: Objects, name: string, parent: string): Refused | undefined {
  const isKnown =
    parent === STABLE ||
    parent === RC ||
    liveEnvironment(objects, parent) !== undefined ||
    isLiveKey(objects, parent);
  if (!isKnown) return refused("ParentNotFound", { environment: name, parent });
  const parentOf = (layer: string): string =>
    layer === name ? parent : (objects.environments.get(layer)?.spec.parent ?? STABLE);
  if (isCycle(name, parentOf)) return refused("ParentCycle", { environment: name, parent });
  // Only the layer and its descendants can become too deep.
  const tooDeep = [name, ...descendants(objects, name)]
    .toSorted()
    .find((layer) => depthOf(layer, parentOf) === undefined);
  if (tooDeep === undefined) return undefined;
  return refused("ParentTooDeep", { environment: tooDeep, max: String(maxDepth) });
}

function descendants(objects: Objects, name: string): readonly string[] {
  const found = new Set<string>();
  const waiting = [name];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const { name: child } of objects.children(at)) {
      if (found.has(child) || child === name) continue;
      found.add(child);
      waiting.push(child);
    }
  }
  return [...found];
}

function isCycle(name: string, parentOf: (layer: string) => string): boolean {
  let at = parentOf(name);
  for (let steps = 0; at !== STABLE && steps <= maxDepth * 2; steps++) {
    if (at === name) return true;
    at = parentOf(at);
  }
  return false;
}

function missingMembers(objects: Objects, { members }: EnvironmentSpec): readonly string[] {
  return Object.entries(members)
    .filter(([service, key]) => findLiveVariant(objects, service, key) === undefined)
    .map(
      ([service, key]) =>
        `${formatVariant(service, key)} is not deployed; its requests go to the layers below`,
    )
    .toSorted();
}
