import { Waiters } from "@cocktail/work-queue";

/**
 * Up to which epoch proxies route. A table concerns some services alone: an epoch is in force when no service has a change of it, or of an
 * earlier one, that its proxies don't have.
 */
export class EpochsInForce {
  /** By service: epochs that changed it and are not in force, ascending. */
  readonly #missing = new Map<string, number[]>();
  readonly #waiters = new Waiters();
  #known = -1;

  /** A table was read, and these services have a change of it. */
  changed(epoch: number, services: Iterable<string>): void {
    for (const service of services) {
      const epochs = this.#missing.get(service) ?? [];
      if (epochs.at(-1) !== epoch) epochs.push(epoch);
      this.#missing.set(service, epochs);
    }
    this.#known = Math.max(this.#known, epoch);
    this.#waiters.wake();
  }

  /** Proxies route this service by the table of this epoch, or by a later one. */
  seen(service: string, epoch: number): void {
    const left = (this.#missing.get(service) ?? []).filter((one) => one > epoch);
    if (left.length === 0) this.#missing.delete(service);
    else this.#missing.set(service, left);
    this.#waiters.wake();
  }

  /** It is routed by nobody: nothing is waited for. */
  forget(service: string): void {
    this.#missing.delete(service);
    this.#waiters.wake();
  }

  isInForce(epoch: number): boolean {
    return this.waitedFor(epoch).length === 0 && epoch <= this.#known;
  }

  /** The services whose proxies don't have it. */
  waitedFor(epoch: number): readonly string[] {
    return [...this.#missing].flatMap(([service, [first]]) =>
      first !== undefined && first <= epoch ? [service] : [],
    );
  }

  /** Rejects with the signal's reason. */
  async until(epoch: number, signal: AbortSignal): Promise<void> {
    await this.#waiters.until(() => this.isInForce(epoch), signal);
  }
}
