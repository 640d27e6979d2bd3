import type { KeyCounter, StateChange, StoredState } from "./state.ts";

/** The stored state after a list of changes, as every store must have it. */
export function applyChanges(state: StoredState, changes: readonly StateChange[]): StoredState {
  return changes.reduce(applyChange, state);
}

function applyChange(state: StoredState, change: StateChange): StoredState {
  switch (change.kind) {
    case "PutService":
      return {
        ...state,
        services: put(state.services, change.service, byName(change.service.name)),
      };
    case "RemoveService":
      return { ...state, services: without(state.services, byName(change.name)) };
    case "PutVariant": {
      const { variant } = change;
      const variants = put(state.variants, variant, byKey(variant.service, variant.key));
      return raised({ ...state, variants }, { ...variant, incarnation: 0 });
    }
    case "RemoveVariant":
      return { ...state, variants: without(state.variants, byKey(change.service, change.key)) };
    case "PutEnvironment": {
      const { environment } = change;
      return {
        ...state,
        environments: put(state.environments, environment, byName(environment.name)),
      };
    }
    case "RemoveEnvironment":
      return { ...state, environments: without(state.environments, byName(change.name)) };
    case "PutIncarnation": {
      const { incarnation } = change;
      const isSame = byNumber(incarnation);
      const incarnations = put(state.incarnations, incarnation, isSame);
      return raised(
        { ...state, incarnations },
        { ...incarnation, generation: 0, incarnation: incarnation.number },
      );
    }
    case "RemoveIncarnation":
      return { ...state, incarnations: without(state.incarnations, byNumber(change)) };
  }
}

function raised(
  state: StoredState,
  { service, key, generation, incarnation }: KeyCounter,
): StoredState {
  const isSame = byKey(service, key);
  const before = state.counters.find(isSame);
  const counter: KeyCounter = {
    service,
    key,
    generation: Math.max(generation, before?.generation ?? 0),
    incarnation: Math.max(incarnation, before?.incarnation ?? 0),
  };
  return { ...state, counters: put(state.counters, counter, isSame) };
}

function put<T>(list: readonly T[], item: T, isSame: (other: T) => boolean): readonly T[] {
  const at = list.findIndex(isSame);
  return at < 0 ? [...list, item] : list.with(at, item);
}

function without<T>(list: readonly T[], isSame: (other: T) => boolean): readonly T[] {
  return list.some(isSame) ? list.filter((item) => !isSame(item)) : list;
}

const byName =
  (name: string) =>
  (other: { readonly name: string }): boolean =>
    other.name === name;

const byKey =
  (service: string, key: string) =>
  (other: { readonly service: string; readonly key: string }): boolean =>
    other.service === service && other.key === key;

const byNumber =
  (wanted: { readonly service: string; readonly key: string; readonly number: number }) =>
  (other: { readonly service: string; readonly key: string; readonly number: number }): boolean =>
    other.service === wanted.service && other.key === wanted.key && other.number === wanted.number;
