import type { StateChange, StoredState } from "../state.ts";
import { type Decision, refused } from "./decision.ts";
import { findEnvironment, holdersOf } from "./lookup.ts";
import { checkLifetime, checkNotBuiltIn } from "./names.ts";

/** More time for an environment and for the variants that live and die with it. What has no lifetime gets none. */
export function decideExtend(
  state: StoredState,
  name: string,
  bySeconds: number,
  now: number,
): Decision {
  const fault = checkNotBuiltIn(name) ?? checkLifetime(bySeconds);
  if (fault !== undefined) return fault;
  const environment = findEnvironment(state, name);
  const variants = state.variants.filter(
    (each) => !each.deleted && holdersOf(state, each).has(name),
  );
  if (environment === undefined && variants.every(({ key }) => key !== name)) {
    return refused(
      "NOT_FOUND",
      "EnvironmentNotFound",
      `there is no environment ${name}`,
      "see: cocktail env list",
    );
  }
  const later = (expiresAt: number): number => Math.max(expiresAt, now) + bySeconds * 1000;
  const changes: StateChange[] = [];
  if (environment?.expiresAt !== undefined) {
    const { expiresAt } = environment;
    changes.push({
      kind: "PutEnvironment",
      environment: { ...environment, expiresAt: later(expiresAt) },
    });
  }
  for (const variant of variants) {
    if (variant.expiresAt === undefined) continue;
    changes.push({
      kind: "PutVariant",
      variant: { ...variant, expiresAt: later(variant.expiresAt) },
    });
  }
  const isNothing = changes.length === 0;
  return {
    kind: "decided",
    outcome: isNothing ? "unchanged" : "updated",
    changes,
    warnings: isNothing ? [`environment ${name} has no lifetime to extend`] : [],
  };
}
