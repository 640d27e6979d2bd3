import { type IncarnationRef, formatIncarnation } from "@cocktail/environment";

/** What was found out in this run and is not stored: lost with the process, and found out again. */
export class Findings {
  readonly #drains = new Map<string, "drained" | "budgetOver">();
  readonly #removed = new Map<string, "workload" | "checkout">();
  readonly #probed = new Map<string, number>();
  readonly #probeFailures = new Map<string, string>();
  readonly #changedAt = new Map<string, number>();
  readonly #uncommitted = new Set<string>();
  /** What is not known to have changed later changed no later than this. */
  #baseline = 0;
  #acked = -1;

  get acked(): number {
    return this.#acked;
  }

  /** Every reader holds a table of at least this epoch. */
  ack(epoch: number): void {
    this.#acked = Math.max(this.#acked, epoch);
  }

  /** A head that was not of our making: any entry may have changed with it. */
  rebase(epoch: number): void {
    this.#baseline = epoch;
    this.#changedAt.clear();
  }

  changed(names: Iterable<string>, epoch: number): void {
    for (const name of names) this.#changedAt.set(name, epoch);
  }

  /** Of `service:key`, or of an environment's name. */
  changedAt(name: string): number {
    return this.#changedAt.get(name) ?? this.#baseline;
  }

  drain(ref: IncarnationRef): "unknown" | "drained" | "budgetOver" {
    return this.#drains.get(formatIncarnation(ref)) ?? "unknown";
  }

  drained(ref: IncarnationRef, how: "drained" | "budgetOver"): void {
    this.#drains.set(formatIncarnation(ref), how);
  }

  removed(ref: IncarnationRef): "nothing" | "workload" | "checkout" {
    return this.#removed.get(formatIncarnation(ref)) ?? "nothing";
  }

  remove(ref: IncarnationRef, what: "workload" | "checkout"): void {
    this.#removed.set(formatIncarnation(ref), what);
  }

  probed(name: string): number | undefined {
    return this.#probed.get(name);
  }

  probeFailure(name: string): string | undefined {
    return this.#probeFailures.get(name);
  }

  probe(name: string, number: number): void {
    this.#probed.set(name, number);
    this.#probeFailures.delete(name);
  }

  probeFailed(name: string, message: string): void {
    this.#probeFailures.set(name, message);
  }

  hasUncommittedWork(name: string): boolean {
    return this.#uncommitted.has(name);
  }

  setUncommittedWork(name: string, has: boolean): void {
    if (has) this.#uncommitted.add(name);
    else this.#uncommitted.delete(name);
  }

  forgetIncarnation(ref: IncarnationRef): void {
    const name = formatIncarnation(ref);
    this.#drains.delete(name);
    this.#removed.delete(name);
  }

  forgetVariant(name: string): void {
    this.#probed.delete(name);
    this.#probeFailures.delete(name);
    this.#uncommitted.delete(name);
  }
}
