import { type Logger, silentLogger } from "../../log.ts";
import { isStoreUnavailable } from "../../errors.ts";
import type { Store } from "../store.ts";
import { ChangeListener } from "./change-listener.ts";
import { Database } from "./database.ts";
import { migrate } from "./migrate.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import {
  type CompiledPostgresOptions,
  compilePostgresOptions,
  type PostgresStoreOptions,
} from "./postgres-options.ts";
import { PostgresObjects } from "./postgres-objects.ts";
import { PostgresTableStore } from "./postgres-table-store.ts";

/**
 * Opens a store in Postgres. Resolves when the schema is migrated and the head is read; rejects with STORE_UNAVAILABLE if
 * Postgres can't be reached, or with its own error if it refuses. Survives later outages: calls reject meanwhile, watches
 * resume afterwards.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const compiled = compilePostgresOptions(options);
  const log = options.log ?? silentLogger;
  await migrate(compiled, log);
  const store = new PostgresStore(compiled, log);
  try {
    await store.refresh();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Marks of removed objects are kept for so long: a watch that lags further behind lists again. */
const removalsKeptMs = 3_600_000;

class PostgresStore implements Store {
  readonly objects: PostgresObjects;
  readonly tables: PostgresTableStore;
  readonly #database: Database;
  readonly #listener: ChangeListener;
  readonly #pruning: NodeJS.Timeout;
  readonly #log: Logger;
  #closed: Promise<void> | undefined;

  constructor(options: CompiledPostgresOptions, log: Logger) {
    // The schema's own name, because with anything added it might be too long for a channel.
    const channel = options.schema;
    const { schema } = options;
    this.#log = log;
    this.#database = new Database(options);
    // It must not keep a process alive that did not close the store.
    this.#pruning = setInterval(() => void this.#prune(options.retentionMs), options.pruneEveryMs);
    this.#pruning.unref();
    this.tables = new PostgresTableStore(this.#database, { schema, channel });
    const changed = oneAtATime(
      () => this.objects.refresh(),
      // The listener refreshes too, and says that the connection is lost.
      () => undefined,
    );
    this.objects = new PostgresObjects(this.#database, { schema, channel, changed });
    this.#listener = new ChangeListener({
      options,
      channel,
      onChange: () => this.refresh(),
      onLost: (why) => {
        this.#database.report(false);
        log.warn({ reason: "StoreConnectionLost", why }, "lost the connection to the store");
      },
      onBack: () => log.info({ reason: "StoreConnected" }, "reconnected to the store"),
    });
  }

  get available(): boolean {
    return this.#database.available;
  }

  onAvailability(listener: (available: boolean) => void): () => void {
    return this.#database.onAvailability(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async refresh(): Promise<void> {
    await this.tables.head();
    await this.objects.refresh();
  }

  /** Never rejects: outages are reported elsewhere, and the next run retries. */
  async #prune(retentionMs: number): Promise<void> {
    try {
      const now = Date.now();
      await this.objects.prune(new Date(now - removalsKeptMs));
      const historyFloor = await this.tables.prune(new Date(now - retentionMs));
      this.#log.debug({ reason: "HistoryPruned", historyFloor }, "pruned old route tables");
    } catch (error) {
      if (isStoreUnavailable(error)) return;
      this.#log.error({ reason: "PruneFailed", err: error }, "could not prune old route tables");
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#pruning);
    this.tables.close();
    this.objects.close();
    await this.#listener.close();
    await this.#database.close();
  }
}
