interface ProbeFact {
  /** Number of the incarnation that answered, or did not. */
  readonly incarnation: number;
  readonly failure?: string | undefined;
}

/**
 * Facts that are not stored. After a restart they are observed again.
 */
export class RuntimeFacts {
  /** By `service:key#number`. */
  readonly drained: Map<string, "drained" | "budgetOver"> = new Map();
  /** Incarnations whose workload was removed. */
  readonly removed: Set<string> = new Set();
  /** `service:key` whose checkouts, listeners and logs were removed, with nothing started since. */
  readonly released: Set<string> = new Set();
  /** By `service:key`. */
  readonly probed: Map<string, ProbeFact> = new Map();
  /** `service:key` with uncommitted work. Known only for variants that are about to be deleted. */
  readonly holdingWork: Set<string> = new Set();
  /** The highest incarnation number of all removed objects. */
  ledger = 0;
  readonly #changedAt = new Map<string, number>();
  #baseline = 0;

  /** All changes until now are assumed to be of this epoch, an upper bound. */
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
