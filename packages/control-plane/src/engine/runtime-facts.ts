interface ProbeFact {
  /** Number of the incarnation that answered, or did not. */
  readonly incarnation: number;
  readonly failure?: string | undefined;
}

/**
 * What this engine found out and does not store. Losing it costs only time: readers are asked again, routes probed again.
 */
export class RuntimeFacts {
  /** By `service:key#number`. */
  readonly drained: Map<string, "drained" | "budgetOver"> = new Map();
  /** Incarnations whose workload was removed. */
  readonly removed: Set<string> = new Set();
  /** `service:key` whose checkouts, listeners and logs were taken away, with nothing started since. */
  readonly released: Set<string> = new Set();
  /** By `service:key`. */
  readonly probed: Map<string, ProbeFact> = new Map();
  /** `service:key` that hold work which is nowhere else. Only known of those whose end was near. */
  readonly holdingWork: Set<string> = new Set();
  /** The highest incarnation number of every object that is gone. */
  ledger = 0;
  readonly #changedAt = new Map<string, number>();
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

  forgetIncarnation(ref: string): void {
    this.drained.delete(ref);
    this.removed.delete(ref);
  }

  forgetVariant(name: string): void {
    this.probed.delete(name);
    this.released.delete(name);
    this.holdingWork.delete(name);
    this.#changedAt.delete(name);
  }
}
