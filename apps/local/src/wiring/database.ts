import { existsSync } from "node:fs";
import {
  type Connection,
  supervisePostgres,
  type Logger,
  PostgresError,
} from "@cocktail/embedded-postgres";
import { readSchema, type StateDirectory } from "@cocktail/local-state";
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
  /** `COCKTAIL_DATABASE_URL`; empty or absent: a Postgres of our own. */
  readonly url: string | undefined;
  /** For a Postgres of our own. */
  readonly directory: string;
  readonly log: Logger;
}

/**
 * `COCKTAIL_DATABASE_URL`: the application's own `DATABASE_URL` is none of Cocktail's. Throws a `StartFailure` where the state
 * of this directory lies in a database that is no longer named, so that it is not taken for lost.
 */
export function databaseUrl(
  env: Readonly<Record<string, string | undefined>>,
  { postgres, schema }: Pick<StateDirectory, "postgres" | "schema">,
): string | undefined {
  const url = env["COCKTAIL_DATABASE_URL"] ?? "";
  if (url !== "") return url;
  const elsewhere = readSchema(schema);
  if (elsewhere === undefined || existsSync(postgres)) return undefined;
  throw new StartFailure(
    `the state of this directory is in schema ${elsewhere} of a database that COCKTAIL_DATABASE_URL does not name`,
    `set COCKTAIL_DATABASE_URL (it was DATABASE_URL before), or start over: rm ${schema}`,
    1,
  );
}

export async function openDatabase({
  directory,
  log,
  sharedSchema,
  url,
}: DatabaseOptions): Promise<Database> {
  if (url !== undefined && url !== "") {
    const fix =
      "start it, or fix COCKTAIL_DATABASE_URL; without COCKTAIL_DATABASE_URL an embedded PostgreSQL is used";
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
