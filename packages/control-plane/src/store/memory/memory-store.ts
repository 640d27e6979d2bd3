import { storeUnavailable } from "../../errors.ts";
import type { Store } from "../store.ts";
import { MemoryObjects } from "./memory-objects.ts";
import { MemoryTables } from "./memory-tables.ts";

/** A store that forgets with the process: for tests of what stands above it. Passes the same suites as Postgres. */
export class MemoryStore implements Store {
  readonly objects: MemoryObjects = new MemoryObjects(() => this.#turn());
  readonly tables: MemoryTables = new MemoryTables(() => this.#turn());
  readonly #listeners = new Set<(available: boolean) => void>();
  #available = true;

  get available(): boolean {
    return this.#available;
  }

  /** As an outage of a real store: every call rejects until it is set back. */
  setAvailable(available: boolean): void {
    this.#available = available;
    for (const listener of this.#listeners) listener(available);
  }

  onAvailability(listener: (available: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.objects.close();
    this.tables.close();
    await Promise.resolve();
  }

  /** A store never answers in the turn it was asked, so that its users can't come to rely on that. */
  async #turn(): Promise<void> {
    await Promise.resolve();
    if (!this.#available) throw storeUnavailable("it was switched off");
  }
}
