import { RC } from "@cocktail/route";
import type { DesiredEnvironment, DesiredService, DesiredVariant } from "../desired.ts";
import type { KeyCounter, StoredState } from "../state.ts";

export function findService(state: StoredState, name: string): DesiredService | undefined {
  return state.services.find((each) => each.name === name);
}

/** The record, also of a variant that is being destroyed. */
export function findVariant(
  state: StoredState,
  service: string,
  key: string,
): DesiredVariant | undefined {
  return state.variants.find((each) => each.service === service && each.key === key);
}

export function findLiveVariant(
  state: StoredState,
  service: string,
  key: string,
): DesiredVariant | undefined {
  const found = findVariant(state, service, key);
  return found?.deleted === true ? undefined : found;
}

export function findEnvironment(state: StoredState, name: string): DesiredEnvironment | undefined {
  return state.environments.find((each) => each.name === name);
}

export function counterOf(state: StoredState, service: string, key: string): KeyCounter {
  return (
    state.counters.find((each) => each.service === service && each.key === key) ?? {
      service,
      key,
      generation: 0,
      incarnation: 0,
    }
  );
}

/** Every service that exists: of the file, or with a variant of its own. */
export function serviceNames(state: StoredState): ReadonlySet<string> {
  const names = new Set(state.services.map(({ name }) => name));
  for (const { service, deleted } of state.variants) if (!deleted) names.add(service);
  return names;
}

/** Keys that have a layer of their own. */
export function liveKeys(state: StoredState): ReadonlySet<string> {
  return new Set(state.variants.filter(({ deleted }) => !deleted).map(({ key }) => key));
}

/** The explicit environments that name a variant, sorted. */
export function environmentsNaming(
  state: StoredState,
  service: string,
  key: string,
): readonly string[] {
  return state.environments
    .filter(({ members }) => Object.hasOwn(members, service) && members[service] === key)
    .map(({ name }) => name)
    .toSorted();
}

/**
 * The layers that hold a variant: the explicit environments that name it, and `rc` its candidates. Only what nobody names
 * stands for itself, in the layer of its key.
 */
export function holdersOf(state: StoredState, variant: DesiredVariant): ReadonlySet<string> {
  const naming = environmentsNaming(state, variant.service, variant.key);
  if (variant.key === RC) return new Set([...naming, RC]);
  return new Set(naming.length === 0 ? [variant.key] : naming);
}
