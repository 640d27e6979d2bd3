import { STABLE, formatVariant } from "@cocktail/route";
import type { StoredState } from "../state.ts";
import { type Decision, refused } from "./decision.ts";
import { environmentsNaming, findVariant } from "./lookup.ts";

export interface DestroyWish {
  readonly service: string;
  readonly key: string;
  readonly discard: boolean;
  /** The platform found work in its checkout that is nowhere else. */
  readonly uncommittedWork: boolean;
}

export function decideDestroy(state: StoredState, wish: DestroyWish): Decision {
  const { service, key, discard } = wish;
  const name = formatVariant(service, key);
  const variant = findVariant(state, service, key);
  if (key === STABLE) {
    return refused(
      "REFUSED",
      "ReservedKey",
      `${name} can't be destroyed: it is made by its file`,
      "take the service out of the file",
    );
  }
  if (variant === undefined || variant.deleted) {
    return { kind: "decided", outcome: "already absent", changes: [], warnings: [] };
  }
  if (wish.uncommittedWork && !discard) return uncommitted([name]);
  const naming = environmentsNaming(state, service, key);
  return {
    kind: "decided",
    outcome: "deleted",
    changes: [{ kind: "PutVariant", variant: { ...variant, deleted: true, discard } }],
    warnings: naming.map(
      (environment) =>
        `environment ${environment} names ${name}; the layers below answer there now`,
    ),
  };
}

export function uncommitted(names: readonly string[]): Extract<Decision, { kind: "refused" }> {
  return refused(
    "UNCOMMITTED_WORK",
    "UncommittedWork",
    `${names.join(", ")} would lose work that is not committed`,
    "commit it, or lose it with --discard",
  );
}
