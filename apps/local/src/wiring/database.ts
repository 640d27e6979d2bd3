import {
  type Connection,
  supervisePostgres,
  type Logger,
  PostgresError,
} from "@cocktail/embedded-postgres";
import { StartFailure } from "./failure.ts";

/** Where the state is stored. */
export interface Database {
  readonly connection: string | Connection;
  readonly schema: string;
  /** The fix to suggest when it can't be used. */
  readonly fix: string;
  stop(): Promise<void>;
}

export interface DatabaseOptions {
  /** The schema in a shared database; called only for one. */
  readonly sharedSchema: () => string;
  /** `DATABASE_URL`; empty or absent: a Postgres of our own. */
  readonly url: string | undefined;
  /** For a Postgres of our own. */
  readonly directory: string;
  readonly log: Logger;
}

export async function openDatabase({
  directory,
  log,
  sharedSchema,
  url,
}: DatabaseOptions): Promise<Database> {
  if (url !== undefined && url !== "") {
    const fix =
      "start it, or fix DATABASE_URL; without DATABASE_URL an embedded PostgreSQL is used";
    return { connection: url, schema: sharedSchema(), fix, stop: () => Promise.resolve() };
  }
  try {
    const postgres = await supervisePostgres({ directory, log });
    const fix = `free some disk space; to discard the data, delete ${directory}`;
    const { connection } = postgres;
    return { connection, schema: "cocktail", fix, stop: () => postgres.stop() };
  } catch (error) {
    if (PostgresError.is(error)) throw new StartFailure(error.message, error.fix, 1, error);
    throw error;
  }
}
