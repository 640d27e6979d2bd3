import { type Condition, type ConditionFact, stampConditions } from "@cocktail/environment";

interface ProbeFact {
  /** The incarnation that answered, or did not. */
  readonly number: number;
  readonly failure?: string | undefined;
}

/**
 * What this run found out and does not store. Losing it costs only time: readers are asked again, routes probed again.
 */
export class Knowledge {
  readonly drained: Map<string, "drained" | "budgetOver"> = new Map();
  /** Incarnations whose workload was taken away. */
  readonly removed: Set<string> = new Set();
  /** `service:key` whose checkouts, listeners and logs were taken away, with nothing started since. */
  readonly released: Set<string> = new Set();
  /** By `service:key`. */
  readonly probed: Map<string, ProbeFact> = new Map();
  readonly uncommitted: Set<string> = new Set();
  readonly #changedAt = new Map<string, number>();
  readonly #conditions = new Map<string, readonly Condition[]>();
  #baseline = 0;

  /** Nothing is known of changes up to this epoch but that they are not later. */
  setBaseline(epoch: number): void {
    this.#baseline = epoch;
    this.#changedAt.clear();
  }

  /** Epoch in which the entry of a `service:key`, or the layer of a name, last changed. */
  changedAt(name: string): number {
    return this.#changedAt.get(name) ?? this.#baseline;
  }

  changed(names: Iterable<string>, epoch: number): void {
    for (const name of names) this.#changedAt.set(name, epoch);
  }

  /** The conditions of an object with the times since when they hold. */
  stamp(object: string, facts: readonly ConditionFact[], now: number): readonly Condition[] {
    const conditions = stampConditions(this.#conditions.get(object) ?? [], facts, now);
    this.#conditions.set(object, conditions);
    return conditions;
  }

  forgetIncarnation(ref: string): void {
    this.drained.delete(ref);
    this.removed.delete(ref);
  }

  forgetVariant(name: string): void {
    this.probed.delete(name);
    this.released.delete(name);
    this.uncommitted.delete(name);
    this.#conditions.delete(name);
  }
}
