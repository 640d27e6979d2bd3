import {
  type DesiredVariant,
  type IncarnationRecord,
  type StateChange,
  type StoredState,
  applyChanges,
  counterOf,
  emptyState,
} from "@cocktail/environment";
import type { StateStore } from "./state-store.ts";

/** The stored state, found by name. */
export interface IndexedState {
  readonly state: StoredState;
  variant(name: string): DesiredVariant | undefined;
  incarnations(name: string): readonly IncarnationRecord[];
  /** `service:key` of everything that is wanted or remembered. */
  readonly names: ReadonlySet<string>;
  lastIncarnation(service: string, key: string): number;
}

/**
 * The stored state in memory. Writes go through, one after the other, each decided upon what the one before left. After a
 * write that failed it is not known what is stored, so the next one, and the next `fresh`, read everything again.
 */
export class StateCache {
  readonly #store: StateStore;
  #indexed: IndexedState = indexState(emptyState);
  #isStale = true;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** As last known; good enough to look at, and also there while the store is away. */
  get known(): IndexedState {
    return this.#indexed;
  }

  /** As stored. */
  async fresh(): Promise<IndexedState> {
    if (this.#isStale) await this.#inTurn(() => this.#load());
    return this.#indexed;
  }

  /** Decides upon the state as it is when the turn comes, and writes what the decision says. */
  async update<T extends { readonly changes: readonly StateChange[] }>(
    decide: (current: IndexedState) => T,
  ): Promise<T> {
    return this.#inTurn(async () => {
      if (this.#isStale) await this.#load();
      const decision = decide(this.#indexed);
      if (decision.changes.length > 0) await this.#write(decision.changes);
      return decision;
    });
  }

  async #load(): Promise<void> {
    this.#indexed = indexState(await this.#store.load());
    this.#isStale = false;
  }

  async #write(changes: readonly StateChange[]): Promise<void> {
    this.#isStale = true;
    await this.#store.write(changes);
    this.#indexed = indexState(applyChanges(this.#indexed.state, changes));
    this.#isStale = false;
  }

  async #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(job, job);
    this.#tail = mine;
    return mine;
  }
}

/** Finds things of a state by name. */
export function indexState(state: StoredState): IndexedState {
  const variants = new Map(state.variants.map((each) => [nameOf(each), each]));
  const incarnations = Map.groupBy(state.incarnations, nameOf);
  return {
    state,
    names: new Set([...variants.keys(), ...incarnations.keys()]),
    variant: (name) => variants.get(name),
    incarnations: (name) => incarnations.get(name) ?? [],
    lastIncarnation: (service, key) => counterOf(state, service, key).incarnation,
  };
}

function nameOf({ service, key }: { readonly service: string; readonly key: string }): string {
  return `${service}:${key}`;
}
