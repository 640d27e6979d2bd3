import {
  type Connection,
  keepPostgres,
  type Logger,
  PostgresError,
} from "@cocktail/embedded-postgres";
import { StartFailure } from "./failure.ts";

/** Where the state is stored. */
export interface Database {
  readonly connection: string | Connection;
  /** Two cocktails in one database must not meet. */
  readonly schema: string;
  /** What helps when it can't be used. */
  readonly fix: string;
  stop(): Promise<void>;
}

export interface DatabaseOptions {
  /** Name of the cocktail. */
  readonly name: string;
  /** `DATABASE_URL`; empty or absent: a Postgres of our own. */
  readonly url: string | undefined;
  /** For a Postgres of our own. */
  readonly directory: string;
  readonly log: Logger;
}

export async function openDatabase({
  directory,
  log,
  name,
  url,
}: DatabaseOptions): Promise<Database> {
  const schema = `cocktail_${name.replaceAll("-", "_")}`;
  if (url !== undefined && url !== "") {
    const fix =
      "start it, or correct DATABASE_URL; without DATABASE_URL an embedded PostgreSQL is used";
    return { connection: url, schema, fix, stop: () => Promise.resolve() };
  }
  try {
    const postgres = await keepPostgres({ directory, log });
    const fix = `free some disk space; if the data may go, delete ${directory}`;
    return { connection: postgres.connection, schema, fix, stop: () => postgres.stop() };
  } catch (error) {
    if (PostgresError.is(error)) throw new StartFailure(error.message, error.fix, 1, error);
    throw error;
  }
}
