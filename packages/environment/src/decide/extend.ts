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
  const changes: readonly StateChange[] = [
    ...withLifetime(environment === undefined ? [] : [environment]).map((each): StateChange => ({
      kind: "PutEnvironment",
      environment: later(each, bySeconds, now),
    })),
    ...withLifetime(variants).map((each): StateChange => ({
      kind: "PutVariant",
      variant: later(each, bySeconds, now),
    })),
  ];
  const isNothing = changes.length === 0;
  return {
    kind: "decided",
    outcome: isNothing ? "unchanged" : "updated",
    changes,
    warnings: isNothing ? [`environment ${name} has no lifetime to extend`] : [],
  };
}

interface Mortal {
  readonly expiresAt?: number | undefined;
}

function withLifetime<T extends Mortal>(
  list: readonly T[],
): readonly (T & { readonly expiresAt: number })[] {
  return list.flatMap((each) =>
    each.expiresAt === undefined ? [] : [{ ...each, expiresAt: each.expiresAt }],
  );
}

function later<T extends { readonly expiresAt: number }>(
  object: T,
  bySeconds: number,
  now: number,
): T {
  return { ...object, expiresAt: Math.max(object.expiresAt, now) + bySeconds * 1000 };
}
