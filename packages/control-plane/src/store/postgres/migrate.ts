import { fileURLToPath } from "node:url";
import type { Logger } from "@cocktail/client";
import type { runner as Runner } from "node-pg-migrate";
import { Client } from "pg";
import { ControlPlaneError } from "../../errors.ts";
import { asUnavailable } from "./postgres-errors.ts";
import type { CompiledPostgresOptions } from "./postgres-options.ts";
import { checkSchema, migrationsTable } from "./schema-check.ts";

/** Beside `src` and `dist`, so that this path holds in both. */
const directory = fileURLToPath(new URL("../../../migrations", import.meta.url));

/**
 * Migrates the schema to this version, and creates it if it is missing. Concurrent processes take turns. Rejects with
 * STORE_UNAVAILABLE; with STORE_CORRUPT if the schema belongs to another application or a newer version; or with the
 * server's own error if it refuses (a wrong password, no privilege to create a schema).
 */
export async function migrate(options: CompiledPostgresOptions, log: Logger): Promise<void> {
  const client = new Client(options.client);
  let broken: Error | undefined;
  client.on("error", (error) => (broken = error));
  try {
    await client.connect();
    const exists = await checkSchema(client, options.schema, directory);
    const runner = await loadRunner();
    const applied = await runner({
      dbClient: client,
      dir: directory,
      direction: "up",
      schema: options.schema,
      createSchema: !exists,
      migrationsTable,
      checkOrder: true,
      advisoryLockMode: "wait",
      logger: {
        debug: (message) => log.debug({}, message),
        info: (message) => log.debug({}, message),
        warn: (message) => log.warn({}, message),
        error: (message) => log.error({}, message),
      },
    });
    const names = applied.map(({ name }) => name);
    if (names.length > 0)
      log.info({ reason: "StoreMigrated", migrations: names }, "store migrated");
  } catch (error) {
    throw ControlPlaneError.is(error) ? error : asUnavailable(broken ?? error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * When it is imported, the library makes a cache for scripts in the system's temporary directory, where nothing of ours
 * must stay. Our migrations are SQL and need none. The variable is for that moment: no child must get it.
 */
async function loadRunner(): Promise<typeof Runner> {
  const before = process.env["JITI_FS_CACHE"];
  process.env["JITI_FS_CACHE"] = "false";
  try {
    return (await import("node-pg-migrate")).runner;
  } finally {
    if (before === undefined) delete process.env["JITI_FS_CACHE"];
    else process.env["JITI_FS_CACHE"] = before;
  }
}
