import { type VariantObject, isLive } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, writeSpec } from "../write.ts";
import { type Decision, refused } from "./decision.ts";
import { findLiveVariant, holdersOf, isLiveKey, liveEnvironment } from "./lookup.ts";
import { checkLifetime, checkNotBuiltIn } from "./names.ts";

/**
 * Extends the lifetime of an environment and of the variants that it holds. Objects without a lifetime get none. The
 * environment is written last, so that its members are extended once it is.
 */
export function decideExtend(
  objects: Objects,
  name: string,
  bySeconds: number,
  now: number,
): Decision {
  const fault = checkNotBuiltIn(name) ?? checkLifetime(bySeconds);
  if (fault !== undefined) return fault;
  const environment = liveEnvironment(objects, name);
  if (environment === undefined && !isLiveKey(objects, name)) {
    return refused("EnvironmentNotFound", { environment: name });
  }
  const later = (expiresAt: number): number => Math.max(expiresAt, now) + bySeconds * 1000;
  const writes: Write[] = held(objects, name).flatMap((each) => {
    const { expiresAt } = each.spec;
    if (expiresAt === undefined) return [];
    return [writeSpec(each, { ...each.spec, expiresAt: later(expiresAt) })];
  });
  if (environment?.spec.expiresAt !== undefined) {
    const expiresAt = later(environment.spec.expiresAt);
    writes.push(writeSpec(environment, { ...environment.spec, expiresAt }));
  }
  const hasNoLifetime = writes.length === 0;
  return {
    kind: "decided",
    outcome: hasNoLifetime ? "unchanged" : "updated",
    writes,
    warnings: hasNoLifetime ? [`environment ${name} has no lifetime to extend`] : [],
  };
}

/** Live variants that the environment holds, alone or with others. */
function held(objects: Objects, name: string): readonly VariantObject[] {
  const members = Object.entries(objects.environments.get(name)?.spec.members ?? {});
  const candidates = new Set([
    ...members.flatMap(([service, key]) => findLiveVariant(objects, service, key) ?? []),
    ...objects.ofKey(name).filter(isLive),
  ]);
  return [...candidates].filter((each) => holdersOf(objects, each).has(name));
}
