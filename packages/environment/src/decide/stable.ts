import { RC, STABLE, formatVariant } from "@cocktail/route";
import { type RolloutRef, type ServiceObject, type VariantSpec, isLive } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, createObject, deleteObject, writeSpec } from "../write.ts";

/**
 * The next write that a service's stable variant needs to follow the service, if any. `promoted` is the candidate that
 * stable has replaced according to the table.
 *
 * Stable follows its entry in the file, except after a promotion: the promotion takes precedence until the entry changes.
 * If the service is removed from the file, stable is deleted.
 */
export function planStable(
  objects: Objects,
  name: string,
  promoted: RolloutRef | undefined,
): Write | undefined {
  const service = objects.services.get(name);
  const stable = objects.variants.get(formatVariant(name, STABLE));
  // It is being deleted; the next one is created when it is gone.
  if (stable !== undefined && !isLive(stable)) return undefined;
  if (service === undefined) {
    return stable?.spec.entryHash === undefined ? undefined : deleteObject(stable);
  }
  if (stable === undefined) {
    return createObject("ServiceVariant", formatVariant(name, STABLE), stableSpec(service, 1));
  }
  if (stable.spec.entryHash === service.spec.entryHash) return undefined;
  const spec = stableSpec(service, stable.spec.rollout + 1);
  return deletePromotedCandidate(objects, name, promoted) ?? writeSpec(stable, spec);
}

function stableSpec({ name, spec }: ServiceObject, rollout: number): VariantSpec {
  const { entryHash, source } = spec;
  return { service: name, key: STABLE, rollout, source, onUnavailable: "Fail", entryHash };
}

/** The candidate is deleted before the promotion is overwritten, which is the only record that it was promoted. */
function deletePromotedCandidate(
  objects: Objects,
  name: string,
  promoted: RolloutRef | undefined,
): Write | undefined {
  const candidate = objects.variants.get(formatVariant(name, RC));
  if (candidate === undefined || promoted === undefined || !isLive(candidate)) return undefined;
  const isDone = candidate.uid === promoted.uid && candidate.spec.rollout === promoted.rollout;
  return isDone ? deleteObject(candidate) : undefined;
}
