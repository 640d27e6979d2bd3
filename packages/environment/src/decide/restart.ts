import { STABLE, formatVariant } from "@cocktail/route";
import type { VariantSpec } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { writeSpec } from "../write.ts";
import { type Decision, refused } from "./decision.ts";

type Chosen = Decision<{ readonly variant: string }>;

/**
 * The next rollout of a variant, of the same code: its incarnation starts beside the one that serves, if any, and takes
 * over once it answers. Also for one that failed for good, or that is waiting for its next try.
 */
export function decideRestart(objects: Objects, service: string, key: string): Chosen {
  return nextRollout(objects, formatVariant(service, key), ({ rollout, ...spec }) => ({
    ...spec,
    rollout: rollout + 1,
  }));
}

/** Undoes the last promotion: stable runs again what it ran before. */
export function decideRollback(objects: Objects, service: string): Chosen {
  const name = formatVariant(service, STABLE);
  const before = objects.variants.get(name)?.spec.promotion?.before;
  if (before === undefined) return refused("NothingToRollBack", { service });
  return nextRollout(objects, name, ({ promotion: _, ...spec }) => ({
    ...spec,
    source: before,
    rollout: spec.rollout + 1,
  }));
}

function nextRollout(
  objects: Objects,
  name: string,
  next: (spec: VariantSpec) => VariantSpec,
): Chosen {
  const variant = objects.variants.get(name);
  if (variant === undefined) return refused("VariantNotFound", { variant: name });
  if (variant.deletedAt !== undefined)
    return { kind: "waits", for: { kind: "ServiceVariant", name } };
  return {
    kind: "decided",
    outcome: "updated",
    writes: [writeSpec(variant, next(variant.spec))],
    warnings: [],
    variant: name,
  };
}
