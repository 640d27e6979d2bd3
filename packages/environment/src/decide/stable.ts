import { RC, STABLE, formatVariant } from "@cocktail/route";
import { type RolloutRef, type ServiceObject, type VariantSpec, isLive } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, createObject, deleteObject, writeSpec } from "../write.ts";

/**
 * The next write that makes a service's stable variant follow the service, if one is missing. `promoted` is the candidate
 * that stable has taken over, as the table shows.
 *
 * Stable follows its entry of the file, except where a promotion stands above it and the entry is still what it was when
 * that was made. One whose service left the file ends.
 */
export function planStable(
  objects: Objects,
  name: string,
  promoted: RolloutRef | undefined,
): Write | undefined {
  const service = objects.services.get(name);
  const stable = objects.variants.get(formatVariant(name, STABLE));
  // It is being deleted: its successor is made when it is gone.
  if (stable !== undefined && !isLive(stable)) return undefined;
  if (service === undefined) {
    return stable?.spec.entryHash === undefined ? undefined : deleteObject(stable);
  }
  if (stable === undefined) {
    return createObject("ServiceVariant", formatVariant(name, STABLE), stableSpec(service, 1));
  }
  if (stable.spec.entryHash === service.spec.entryHash) return undefined;
  const spec = stableSpec(service, stable.spec.rollout + 1);
  return settledPromotion(objects, name, promoted) ?? writeSpec(stable, spec);
}

function stableSpec({ name, spec }: ServiceObject, rollout: number): VariantSpec {
  const { entryHash, source } = spec;
  return { service: name, key: STABLE, rollout, source, onUnavailable: "Fail", entryHash };
}

/** A promotion that the table shows as done ends the candidate first: afterwards nothing would tell that it was promoted. */
function settledPromotion(
  objects: Objects,
  name: string,
  promoted: RolloutRef | undefined,
): Write | undefined {
  const candidate = objects.variants.get(formatVariant(name, RC));
  if (candidate === undefined || promoted === undefined || !isLive(candidate)) return undefined;
  const isDone = candidate.uid === promoted.uid && candidate.spec.rollout === promoted.rollout;
  return isDone ? deleteObject(candidate) : undefined;
}
