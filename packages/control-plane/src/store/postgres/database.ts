import { Pool, type PoolClient, type QueryResultRow } from "pg";
import type { CompiledPostgresOptions } from "./postgres-options.ts";
import { isStoreUnavailable } from "../../errors.ts";
import { asOutage, asUnavailable, isRepeatable } from "./postgres-errors.ts";

/** The statements of one transaction, or single ones. Parameters that are objects are sent as JSON. */
export interface Queries {
  rows<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
}

const attempts = 5;

/** A pool that knows whether Postgres is there. Everything it throws for an outage is STORE_UNAVAILABLE. */
export class Database implements Queries {
  readonly #pool: Pool;
  readonly #listeners = new Set<(available: boolean) => void>();
  #available = true;

  constructor(options: CompiledPostgresOptions) {
    this.#pool = new Pool({ ...options.client, max: options.maxConnections });
    // An idle connection broke. Without a listener that would end the process; the next query tells.
    this.#pool.on("error", () => this.report(false));
    // Nor does the pool listen to a connection that it has just handed out or discards.
    this.#pool.on("connect", (client) => client.on("error", () => undefined));
  }

  get available(): boolean {
    return this.#available;
  }

  onAvailability(listener: (available: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  report(available: boolean): void {
    if (this.#available === available) return;
    this.#available = available;
    for (const listener of this.#listeners) listener(available);
  }

  async rows<R extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<readonly R[]> {
    return this.#withClient((client) => query<R>(client, text, values));
  }

  /** All or nothing. Repeated where Postgres ended it for the sake of another transaction. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#withClient((client) => transact(client, work));
      } catch (error) {
        if (attempt === attempts || !isRepeatable(error)) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      this.report(false);
      throw asOutage(error);
    });
    // A connection that breaks while it is ours tells us, not the pool.
    const broken = (): void => this.report(false);
    client.on("error", broken);
    let failed = true;
    try {
      const result = await work(client);
      failed = false;
      this.report(true);
      return result;
    } catch (error) {
      if (isStoreUnavailable(error)) this.report(false);
      throw error;
    } finally {
      client.off("error", broken);
      // After an error the protocol state of the connection is unknown: discard it.
      client.release(failed);
    }
  }
}

async function transact<T>(client: PoolClient, work: (queries: Queries) => Promise<T>): Promise<T> {
  await query(client, "BEGIN", []);
  try {
    const result = await work({ rows: (text, values = []) => query(client, text, values) });
    await query(client, "COMMIT", []);
    return result;
  } catch (error) {
    // Where the connection is gone, so is the transaction.
    await query(client, "ROLLBACK", []).catch(() => undefined);
    throw error;
  }
}

async function query<R extends QueryResultRow>(
  client: PoolClient,
  text: string,
  values: readonly unknown[],
): Promise<readonly R[]> {
  try {
    return (await client.query<R>(text, [...values])).rows;
  } catch (error) {
    throw asUnavailable(error);
  }
}
