import type { StateChange, StoredState } from "@cocktail/environment";
import type { RouteTable, TableContent, TableId } from "@cocktail/route";
import { type Logger, silentLogger } from "../../log.ts";
import { StoreUnavailable } from "../errors.ts";
import type { AppendOutcome } from "../route-table-store.ts";
import type { Store } from "../store.ts";
import { TableHub } from "../table-hub.ts";
import { Database } from "./database.ts";
import { HeadListener } from "./head-listener.ts";
import { migrate } from "./migrate.ts";
import {
  type CompiledPostgresOptions,
  compilePostgresOptions,
  type PostgresStoreOptions,
} from "./postgres-options.ts";
import { PostgresState } from "./postgres-state.ts";
import { PostgresTables } from "./postgres-tables.ts";

/**
 * The store in Postgres. Resolves when the schema is there and the head is known; rejects with StoreUnavailable where
 * Postgres can't be reached, or with its own error where it refuses. From then on outages are survived: calls reject
 * meanwhile, watches go on afterwards.
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

class PostgresStore implements Store {
  readonly #database: Database;
  readonly #tables: PostgresTables;
  readonly #state: PostgresState;
  readonly #hub = new TableHub();
  readonly #listener: HeadListener;
  readonly #pruning: NodeJS.Timeout;
  readonly #log: Logger;
  #closed: Promise<void> | undefined;

  constructor(options: CompiledPostgresOptions, log: Logger) {
    // The schema's own name, because with anything added it might be too long for a channel.
    const channel = options.schema;
    this.#log = log;
    this.#database = new Database(options);
    // It must not hold the end of a process up that forgot to close the store.
    this.#pruning = setInterval(() => void this.#forget(options.retentionMs), options.pruneEveryMs);
    this.#pruning.unref();
    this.#tables = new PostgresTables(options.schema, channel);
    this.#state = new PostgresState(options.schema);
    this.#listener = new HeadListener({
      options,
      channel,
      onHead: () => this.refresh(),
      onLost: (why) => {
        this.#database.report(false);
        log.warn({ reason: "StoreConnectionLost", why }, "the connection to the store was lost");
      },
      onBack: () => log.info({ reason: "StoreConnected" }, "the store is connected again"),
    });
  }

  get available(): boolean {
    return this.#database.available;
  }

  onAvailability(listener: (available: boolean) => void): () => void {
    return this.#database.onAvailability(listener);
  }

  async head(): Promise<RouteTable> {
    for (;;) {
      const seen = this.#hub.current;
      const head = await this.#tables.head(this.#database, seen);
      if (this.#hub.replace(seen, head) === "taken") return head;
    }
  }

  async append(expectedEpoch: number, content: TableContent): Promise<AppendOutcome> {
    const outcome = await this.#database.transaction((queries) =>
      this.#tables.append(queries, this.#hub.current, expectedEpoch, content),
    );
    if (outcome.kind === "appended") this.#hub.advance(outcome.table);
    return outcome;
  }

  at(epoch: number): Promise<RouteTable | undefined> {
    return this.#tables.at(this.#database, epoch);
  }

  watch(from: TableId | undefined, signal: AbortSignal): AsyncIterable<RouteTable> {
    return this.#hub.watch(from, signal);
  }

  prune(before: Date): Promise<number> {
    return this.#tables.prune(this.#database, before);
  }

  load(): Promise<StoredState> {
    return this.#state.load(this.#database);
  }

  async write(changes: readonly StateChange[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#database.transaction((queries) => this.#state.write(queries, changes));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async refresh(): Promise<void> {
    await this.head();
  }

  /** Never rejects: an outage is noticed elsewhere, and the next turn does it. */
  async #forget(retentionMs: number): Promise<void> {
    try {
      const historyFloor = await this.prune(new Date(Date.now() - retentionMs));
      this.#log.debug({ reason: "HistoryPruned", historyFloor }, "old route tables were forgotten");
    } catch (error) {
      if (StoreUnavailable.is(error)) return;
      this.#log.error({ reason: "PruneFailed", err: error }, "old route tables can't be forgotten");
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#pruning);
    this.#hub.close();
    await this.#listener.close();
    await this.#database.close();
  }
}
