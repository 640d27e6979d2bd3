import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, startPostgres } from "@cocktail/embedded-postgres";
import { Client } from "pg";
import type { StoreFixture } from "../src/store/testing/conformance.ts";
import { openPostgresStore } from "../src/store/postgres/postgres-store.ts";
import type { Store } from "../src/store/store.ts";

/** A Postgres for one test file, and a way to be alone in it. */
export interface TestPostgres extends AsyncDisposable {
  readonly url: string;
  /** Undefined where DATABASE_URL names a server that isn't ours to stop. */
  readonly server: Postgres | undefined;
  readonly directory: string;
  /** A name nobody else uses. */
  schema(): string;
  drop(schema: string): Promise<void>;
  /** A new, empty store in a schema of its own, which goes with it. */
  open(): Promise<StoreFixture>;
}

/** The server of DATABASE_URL, else one that is started here and ends with the test. */
export async function testPostgres(): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), "cocktail-store-"));
  const given = process.env["DATABASE_URL"];
  const server =
    given === undefined ? await startPostgres({ directory: join(directory, "pg") }) : undefined;
  const url = given ?? server?.url ?? "";
  const schema = (): string => `test_${randomBytes(6).toString("hex")}`;
  const drop = (name: string): Promise<void> =>
    execute(url, `DROP SCHEMA IF EXISTS ${name} CASCADE`);
  return {
    url,
    server,
    directory,
    schema,
    drop,
    open: () => openFixture(url, schema(), drop),
    async [Symbol.asyncDispose]() {
      await server?.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function execute(url: string, text: string): Promise<void> {
  const client = new Client(url);
  // Where its connection is ended, the query says so.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function openFixture(
  url: string,
  schema: string,
  drop: (schema: string) => Promise<void>,
): Promise<StoreFixture> {
  const opened: Store[] = [];
  const another = async (): Promise<Store> => {
    const store = await openPostgresStore({ connection: url, schema });
    opened.push(store);
    return store;
  };
  return {
    store: await another(),
    another,
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((store) => store.close()));
      await drop(schema);
    },
  };
}
