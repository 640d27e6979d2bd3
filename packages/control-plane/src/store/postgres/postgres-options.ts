import type { Logger } from "@cocktail/client";
import type { ClientConfig } from "pg";

/** Raw options; see `compilePostgresOptions` for the defaults. */
export interface PostgresStoreOptions {
  /** A libpq URL, or what `pg` takes. A host that begins with `/` is the directory of a Unix socket. */
  readonly connection: string | Connection;
  /** Everything lives in it; made where it is missing. Two cocktails in one database need two. Default `cocktail`. */
  readonly schema?: string | undefined;
  /** Connections for reads and writes, beside the one that listens. Default 4. */
  readonly maxConnections?: number | undefined;
  /** Of one statement, and of getting a connection. Default 10,000 ms. */
  readonly timeoutMs?: number | undefined;
  /** How often the listening connection is asked whether it still lives, and the head whether it is another. Default 5,000 ms. */
  readonly pingMs?: number | undefined;
  /**
   * Tables that were replaced longer ago are forgotten. It has to be longer than any message may take to be consumed:
   * who owns a message is decided by the table of its epoch. Default 14 days.
   */
  readonly retentionMs?: number | undefined;
  /** How often that is done. Default an hour. */
  readonly pruneEveryMs?: number | undefined;
  readonly log?: Logger | undefined;
}

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface CompiledPostgresOptions {
  readonly client: ClientConfig;
  readonly schema: string;
  readonly maxConnections: number;
  readonly timeoutMs: number;
  readonly pingMs: number;
  readonly retentionMs: number;
  readonly pruneEveryMs: number;
}

const dayMs = 86_400_000;

/** Throws RangeError for a schema that would need quoting. */
export function compilePostgresOptions(options: PostgresStoreOptions): CompiledPostgresOptions {
  const { connection, schema = "cocktail", maxConnections = 4, timeoutMs = 10_000 } = options;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new RangeError(
      `schema ${JSON.stringify(schema)}: use a-z, 0-9 and _, at most 63 of them`,
    );
  }
  const client: ClientConfig = {
    ...(typeof connection === "string" ? { connectionString: connection } : connection),
    application_name: "cocktail",
    connectionTimeoutMillis: timeoutMs,
    // The server's own limit comes first: it leaves the connection usable.
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs + 1_000,
    idle_in_transaction_session_timeout: timeoutMs,
    keepAlive: true,
  };
  const { pingMs = 5_000, retentionMs = 14 * dayMs, pruneEveryMs = 3_600_000 } = options;
  return { client, schema, maxConnections, timeoutMs, pingMs, retentionMs, pruneEveryMs };
}
