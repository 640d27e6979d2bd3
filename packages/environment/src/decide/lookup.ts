import { RC, STABLE, formatVariant } from "@cocktail/route";
import { type EnvironmentObject, type VariantObject, isLive } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, writeSpec } from "../write.ts";

/** The variant, unless it is being deleted. */
export function findLiveVariant(
  objects: Pick<Objects, "variants">,
  service: string,
  key: string,
): VariantObject | undefined {
  const found = objects.variants.get(formatVariant(service, key));
  return found === undefined || !isLive(found) ? undefined : found;
}

/** The explicit environment, unless it is being deleted. */
export function liveEnvironment(
  { environments }: Pick<Objects, "environments">,
  name: string,
): EnvironmentObject | undefined {
  const found = environments.get(name);
  return found === undefined || !isLive(found) ? undefined : found;
}

/** Every service that is in the file or has a variant. */
export function serviceNames(objects: Objects): ReadonlySet<string> {
  const names = new Set(objects.services.keys());
  for (const each of objects.variants.values()) if (isLive(each)) names.add(each.spec.service);
  return names;
}

export function isService(objects: Objects, name: string): boolean {
  return objects.services.has(name) || objects.ofService(name).some(isLive);
}

/** True for a key that has a layer of its own. */
export function isLiveKey(objects: Objects, key: string): boolean {
  return objects.ofKey(key).some(isLive);
}

/** Keys that have a layer of their own. */
export function liveKeys(objects: Objects): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const each of objects.variants.values()) if (isLive(each)) keys.add(each.spec.key);
  return keys;
}

/** The explicit environments that have the variant as a member, sorted. Includes environments that are being deleted. */
export function environmentsNaming(
  objects: Objects,
  service: string,
  key: string,
): readonly string[] {
  return objects.environmentsWith(service, key).map(({ name }) => name);
}

/**
 * The layers that hold a variant: the explicit environments that have it as a member, and `rc` for candidates. A variant
 * that is a member of none is held by the layer of its key.
 */
export function holdersOf(
  objects: Objects,
  { spec: { service, key } }: VariantObject,
): ReadonlySet<string> {
  const naming = environmentsNaming(objects, service, key);
  if (key === RC) return new Set([...naming, RC]);
  return new Set(naming.length === 0 ? [key] : naming);
}

/**
 * Live variants that end with a layer, sorted by name. Never stable. An environment destroys only what its own deploys made
 * and no other layer holds; the layer of a key, if it is no environment, what has that key.
 */
export function endingWith(objects: Objects, name: string): readonly VariantObject[] {
  const isExplicit = objects.environments.has(name);
  const members = Object.entries(objects.environments.get(name)?.spec.members ?? {});
  const candidates = new Set([
    ...members.flatMap(([service, key]) => findLiveVariant(objects, service, key) ?? []),
    ...objects.ofKey(name).filter(isLive),
  ]);
  return [...candidates]
    .filter((each) => each.spec.key !== STABLE)
    .filter((each) => !isExplicit || each.spec.madeFor === name)
    .filter((each) => {
      const holders = holdersOf(objects, each);
      return holders.size === 1 && holders.has(name);
    })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * What to write before an environment is made: what an earlier one of that name made, and left behind, isn't of this one.
 * `except` is written anyway.
 */
export function disown(objects: Objects, name: string, except?: string): readonly Write[] {
  return [...objects.variants.values()]
    .filter((each) => isLive(each) && each.spec.madeFor === name && each.name !== except)
    .map((each) => writeSpec(each, { ...each.spec, madeFor: undefined }));
}
