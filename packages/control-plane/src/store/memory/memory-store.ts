import { storeUnavailable } from "../../errors.ts";
import type { Store } from "../store.ts";
import { MemoryObjects } from "./memory-objects.ts";
import { MemoryTables } from "./memory-tables.ts";

/** An in-memory store for tests. Passes the same conformance suites as Postgres. */
export class MemoryStore implements Store {
  readonly objects: MemoryObjects = new MemoryObjects(() => this.#turn());
  readonly tables: MemoryTables = new MemoryTables(() => this.#turn());
  readonly #listeners = new Set<(available: boolean) => void>();
  #available = true;

  get available(): boolean {
    return this.#available;
  }

  /** Simulates an outage: every call rejects until it is reset. */
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

  /** Never answers synchronously, so that callers can't rely on it. */
  async #turn(): Promise<void> {
    await Promise.resolve();
    if (!this.#available) throw storeUnavailable("switched off");
  }
}
