import { readdir } from "node:fs/promises";
import { parse } from "node:path";
import type { Client } from "pg";
import { storeCorrupt } from "../../errors.ts";

export const migrationsTable = "migration";

interface Found {
  readonly exists: boolean;
  readonly occupied: boolean;
  readonly migrated: boolean;
}

/**
 * Checks a schema before anything is written: one that another application uses, or a newer version wrote, is refused with
 * STORE_CORRUPT. Returns whether it exists, because creating it may need a privilege that the account doesn't have.
 */
export async function checkSchema(
  client: Client,
  schema: string,
  migrations: string,
): Promise<boolean> {
  const { rows } = await client.query<Found>(
    `SELECT count(n.oid) > 0 AS exists, count(c.oid) > 0 AS occupied,
       count(*) FILTER (WHERE c.relname = $2 AND c.relkind = 'r') > 0 AS migrated
     FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid WHERE n.nspname = $1`,
    [schema, migrationsTable],
  );
  const { exists = false, occupied = false, migrated = false } = rows[0] ?? {};
  if (migrated) await checkVersion(client, schema, migrations);
  else if (occupied) {
    throw storeCorrupt(
      `schema ${schema} is used by another application and was not changed; configure another schema`,
    );
  }
  return exists;
}

async function checkVersion(client: Client, schema: string, migrations: string): Promise<void> {
  const known = new Set((await readdir(migrations)).map((file) => parse(file).name));
  const { rows } = await client.query<{ readonly name: string }>(
    `SELECT name FROM ${schema}.${migrationsTable}`,
  );
  const newer = rows.map(({ name }) => name).filter((name) => !known.has(name));
  if (newer.length === 0) return;
  throw storeCorrupt(
    `schema ${schema} was written by another, probably newer version: it has the unknown migrations ${newer.join(", ")}`,
  );
}
