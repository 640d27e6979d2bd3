import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Postgres, startPostgres } from "@cocktail/embedded-postgres";
import { until } from "@cocktail/test-support";
import { openProxy } from "../../../test/postgres-proxy.ts";
import { execute, type TestPostgres, testPostgres } from "../../../test/postgres.ts";
import { isStoreUnavailable } from "../../errors.ts";
import { sampleActor, sampleContent, sampleVariant } from "../testing/samples.ts";
import type { Store } from "../store.ts";
import { Database } from "./database.ts";
import { compilePostgresOptions } from "./postgres-options.ts";
import { openPostgresStore } from "./postgres-store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await testPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

const draft = {
  kind: "ServiceVariant",
  name: "payment-service:mp-101",
  spec: sampleVariant,
} as const;

function create(store: Store): Promise<unknown> {
  return store.objects.create(draft, sampleActor);
}

/** Names of the variants that are stored. */
async function stored(store: Store): Promise<readonly string[]> {
  return (await store.objects.list("ServiceVariant")).items.map(({ name }) => name);
}

async function publish(store: Store, revision: string): Promise<number> {
  const { epoch } = await store.tables.head();
  const outcome = await store.tables.append(epoch, sampleContent({ a: { stable: revision } }));
  assert.equal(outcome.kind, "appended");
  return epoch + 1;
}

async function assertUnavailable(call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(isStoreUnavailable(error), String(error));
    assert.equal(error.retryable, true);
    return true;
  });
}

describe("a store whose Postgres is killed", () => {
  test("refuses changes during an outage, and recovers when Postgres is back", async (t) => {
    const first = postgres.server;
    if (first === undefined) return t.skip("DATABASE_URL names a server that isn't ours to kill");
    const schema = postgres.schema();
    await using opened = new AsyncDisposableStack();
    const opening = openPostgresStore({ connection: first.url, schema, timeoutMs: 5_000 });
    const store = opened.adopt(await opening, (it) => it.close());
    const availability: boolean[] = [];
    store.onAvailability((available) => availability.push(available));
    const seen: number[] = [];
    const stop = new AbortController();
    opened.defer(() => stop.abort());
    const watching = (async (): Promise<void> => {
      for await (const table of store.tables.watch(undefined, stop.signal)) seen.push(table.epoch);
    })();
    await publish(store, "r1");
    await until("the first change", () => seen.includes(1));

    process.kill(first.pid, "SIGKILL");
    await first.exited;
    await until("the store to notice by itself", () => !store.available);
    await assertUnavailable(store.tables.head());
    await assertUnavailable(store.tables.append(1, sampleContent({ a: { stable: "r2" } })));
    await assertUnavailable(store.tables.at(1));
    await assertUnavailable(stored(store));
    await assertUnavailable(store.objects.get(draft.kind, draft.name));
    await assertUnavailable(create(store));
    await assertUnavailable(store.tables.prune(new Date()));

    const { address } = first;
    const directory = `${postgres.directory}/pg`;
    await using second: Postgres = await startPostgres({ directory, address });
    await until("the store to be back by itself", () => store.available);
    assert.equal((await store.tables.head()).epoch, 1);
    assert.deepEqual(await stored(store), [], "what was refused was written");

    // The change of another store, which this one can only hear of by its new subscription.
    const theirs = openPostgresStore({ connection: second.url, schema });
    const other = opened.adopt(await theirs, (it) => it.close());
    await publish(other, "r2");
    await until("the change after the outage", () => seen.includes(2));
    await create(store);
    assert.deepEqual(await stored(other), [draft.name]);
    assert.deepEqual(seen, [0, 1, 2]);
    // On a machine that is held up for seconds it may be away once more, and back.
    assert.deepEqual(availability.slice(0, 2), [false, true]);

    stop.abort();
    await watching;
  });
});

describe("a store whose connections break", () => {
  /** A server of its own for each test: the one above ended the first. */
  let server: Postgres;
  let directory: string;
  before(async () => {
    directory = `${postgres.directory}/other`;
    server = await startPostgres({ directory });
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test("loses nothing when an administrator repeatedly terminates them all", async () => {
    const schema = postgres.schema();
    const store = await openPostgresStore({ connection: server.url, schema, pingMs: 50 });
    const seen: number[] = [];
    const stop = new AbortController();
    const watching = (async (): Promise<void> => {
      for await (const table of store.tables.watch(undefined, stop.signal)) seen.push(table.epoch);
    })();
    let written = 0;
    const turns = 5;
    for (let turn = 1; turn <= turns; turn++) {
      await execute(
        server.url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cocktail'",
      );
      // Retryable: the same change again, until it is taken. What was written before counts.
      await until(`change ${turn}`, async () => {
        try {
          written = await publish(store, `r${turn}`);
          return true;
        } catch (error) {
          if (isStoreUnavailable(error)) return false;
          throw error;
        }
      });
    }
    await until("the watch to be there", () => seen.includes(written));
    assert.equal((await store.tables.head()).epoch, turns);
    stop.abort();
    await watching;
    await store.close();
  });

  test("does not wait forever on a connection that is silent", async () => {
    await using proxy = await openProxy(server);
    const schema = postgres.schema();
    const store = await openPostgresStore({
      connection: proxy.connection,
      schema,
      timeoutMs: 300,
      pingMs: 50,
    });
    await publish(store, "r1");
    proxy.freeze();
    await assertUnavailable(store.tables.append(1, sampleContent({ a: { stable: "r2" } })));
    await until("the store to notice", () => !store.available);
    proxy.thaw();
    await until("the store to be back by itself", () => store.available);
    const epoch = await publish(store, "r3");
    assert.ok(epoch === 2 || epoch === 3, `epoch ${epoch}`);
    await store.close();
  });

  test("detects a silent connection without a call, and delivers the missed changes", async () => {
    await using proxy = await openProxy(server);
    const schema = postgres.schema();
    const { connection } = proxy;
    const store = await openPostgresStore({ connection, schema, timeoutMs: 300, pingMs: 50 });
    const other = await openPostgresStore({ connection: server.url, schema });
    const seen: number[] = [];
    const stop = new AbortController();
    const watching = (async (): Promise<void> => {
      for await (const table of store.tables.watch(undefined, stop.signal)) seen.push(table.epoch);
    })();
    await until("the head", () => seen.includes(0));
    proxy.freeze();
    await until("the store to notice by itself", () => !store.available);
    await publish(other, "r1");
    proxy.thaw();
    await until("what it missed", () => seen.includes(1));
    // A frozen connection that is still in the pool may be noticed after that.
    await until("the store to be back by itself", () => store.available);
    stop.abort();
    await watching;
    await Promise.all([store.close(), other.close()]);
  });

  test("recovers after only idle connections were terminated", async () => {
    const schema = postgres.schema();
    const store = await openPostgresStore({ connection: server.url, schema, pingMs: 20 });
    const availability: boolean[] = [];
    store.onAvailability((available) => availability.push(available));
    await execute(
      server.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'cocktail' AND query LIKE '%_head%'`,
    );
    await until("the store to notice", () => availability.includes(false));
    await until("the store to be back without being asked anything", () => store.available);
    await store.close();
  });

  test("delivers a change although its notification is lost", async () => {
    const schema = postgres.schema();
    const store = await openPostgresStore({ connection: server.url, schema, pingMs: 20 });
    // Like a pooler that assigns the session of a LISTEN to another client.
    await execute(
      server.url,
      `INSERT INTO ${schema}.table_epoch (epoch, tag) VALUES (1, '00000001');
       UPDATE ${schema}.table_head SET epoch = 1, tag = '00000001'`,
    );
    for await (const table of store.tables.watch(undefined, AbortSignal.timeout(20_000))) {
      if (table.epoch === 1) break;
    }
    assert.equal((await store.tables.head()).epoch, 1);
    await store.close();
  });

  test("is unavailable, not broken, while the server refuses its connections", async () => {
    const schema = postgres.schema();
    await execute(server.url, "CREATE ROLE rotated LOGIN SUPERUSER PASSWORD 'one'");
    const connection = { ...server.connection, user: "rotated", password: "one" };
    const store = await openPostgresStore({ connection, schema, pingMs: 20 });
    const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotated'";
    await execute(server.url, `ALTER ROLE rotated PASSWORD 'two'; ${end}`);
    await until("the store to notice", () => !store.available);
    await assertUnavailable(store.tables.append(0, sampleContent({ a: { stable: "r1" } })));
    await execute(server.url, "ALTER ROLE rotated PASSWORD 'one'");
    await until("the store to be back by itself", () => store.available);
    await store.close();
  });

  test("logs an outage once, however often it reconnects, and the recovery once", async () => {
    const said: string[] = [];
    const ignore = (): void => undefined;
    const say = (fields: object): void => {
      if ("reason" in fields) said.push(String(fields.reason));
    };
    const log = { debug: ignore, info: say, warn: say, error: say };
    await using proxy = await openProxy(server);
    const schema = postgres.schema();
    const { connection } = proxy;
    const store = await openPostgresStore({ connection, schema, timeoutMs: 100, pingMs: 20, log });
    proxy.freeze();
    await until("several attempts", () => proxy.attempts() > 3);
    proxy.thaw();
    await until("the store to be back", () => store.available && said.includes("StoreConnected"));
    assert.deepEqual(said, ["StoreMigrated", "StoreConnectionLost", "StoreConnected"]);
    await store.close();
  });

  test("rejects with STORE_UNAVAILABLE if nothing listens, and with the server's own error if it refuses", async () => {
    const { connection } = server;
    const nobody = { ...connection, host: "127.0.0.1", port: 1 };
    await assertUnavailable(openPostgresStore({ connection: nobody }));
    const wrong = { ...connection, database: "nowhere" };
    await assert.rejects(
      openPostgresStore({ connection: wrong }),
      /database "nowhere" does not exist/,
    );
    await assert.rejects(openPostgresStore({ connection, schema: "no; drop" }), {
      name: "RangeError",
      message: /schema "no; drop"/,
    });
  });
});

describe("a store beside others", () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres({ directory: `${postgres.directory}/beside` });
  });
  after(() => server.stop());

  test("is migrated once, also when several processes open it at the same time", async () => {
    const schema = postgres.schema();
    const open = (): Promise<Store> => openPostgresStore({ connection: server.url, schema });
    const stores = await Promise.all([open(), open(), open(), open()]);
    const heads = await Promise.all(stores.map((store) => store.tables.head()));
    assert.equal(new Set(heads.map(({ tag }) => tag)).size, 1, "there was more than one genesis");
    await Promise.all(stores.map((store) => store.close()));
    const again = await open();
    assert.equal((await again.tables.head()).tag, heads[0]?.tag);
    await again.close();
  });

  test("needs no privilege to create a schema that exists, with a name of the maximum length", async () => {
    const schema = postgres.schema().padEnd(63, "x");
    await execute(
      server.url,
      `CREATE ROLE guest LOGIN PASSWORD 'guest'; CREATE SCHEMA ${schema} AUTHORIZATION guest`,
    );
    const connection = { ...server.connection, user: "guest", password: "guest" };
    const store = await openPostgresStore({ connection, schema });
    await publish(store, "r1");
    await store.close();
    const other = postgres.schema();
    await assert.rejects(openPostgresStore({ connection, schema: other }), /permission denied/);
  });

  test("refuses and doesn't change the schema of another application", async () => {
    const schema = postgres.schema();
    await execute(server.url, `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.service (id int)`);
    await assert.rejects(openPostgresStore({ connection: server.url, schema }), {
      code: "STORE_CORRUPT",
      message: new RegExp(`schema ${schema} is used by another application`),
    });
    const database = new Database(compilePostgresOptions({ connection: server.url }));
    const tables = `SELECT tablename FROM pg_tables WHERE schemaname = '${schema}'`;
    assert.deepEqual(await database.rows(tables), [{ tablename: "service" }]);
    await database.close();
  });

  test("refuses a schema that a newer version wrote", async () => {
    const schema = postgres.schema();
    await (await openPostgresStore({ connection: server.url, schema })).close();
    await execute(
      server.url,
      `INSERT INTO ${schema}.migration (name, run_on) VALUES ('0999_later', now())`,
    );
    await assert.rejects(openPostgresStore({ connection: server.url, schema }), {
      code: "STORE_CORRUPT",
      message: /newer version: it has the unknown migrations 0999_later/,
    });
  });

  test("is isolated from another schema in the same database", async () => {
    const [one, other] = await Promise.all(
      [postgres.schema(), postgres.schema()].map((schema) =>
        openPostgresStore({ connection: server.url, schema }),
      ),
    );
    assert.ok(one !== undefined && other !== undefined);
    await publish(one, "r1");
    await create(one);
    assert.equal((await other.tables.head()).epoch, 0);
    assert.deepEqual(await stored(other), []);
    await Promise.all([one.close(), other.close()]);
  });

  test("a document that the server refuses is not an outage, and is not stored", async () => {
    const store = await openPostgresStore({ connection: server.url, schema: postgres.schema() });
    const unfit = { ...draft, spec: { ...sampleVariant, branch: "\u0000" } };
    await assert.rejects(
      store.objects.create(unfit, sampleActor),
      (error) => !isStoreUnavailable(error),
    );
    assert.deepEqual(await stored(store), []);
    assert.equal(store.available, true, "a defect of ours is no outage");
    await store.close();
  });

  test("names the row that it can't read", async () => {
    const schema = postgres.schema();
    const store = await openPostgresStore({ connection: server.url, schema });
    await create(store);
    await execute(server.url, `UPDATE ${schema}.object SET document = document - 'generation'`);
    await assert.rejects(stored(store), { code: "STORE_CORRUPT", message: /Variant .*generation/ });
    await store.close();
  });

  test("prunes old tables automatically", async () => {
    const schema = postgres.schema();
    const options = { connection: server.url, schema, retentionMs: 0, pruneEveryMs: 20 };
    const store = await openPostgresStore(options);
    await publish(store, "r1");
    await publish(store, "r2");
    await until("the floor to rise", async () => (await store.tables.head()).historyFloor === 2);
    assert.equal(await store.tables.at(1), undefined);
    const database = new Database(compilePostgresOptions(options));
    for (const [table, left] of [
      ["table_epoch", 1],
      ["table_variant", 1],
      ["table_environment", 1],
    ] as const) {
      const rows = await database.rows(`SELECT count(*)::int AS n FROM ${schema}.${table}`);
      assert.deepEqual(rows, [{ n: left }], table);
    }
    await database.close();
    await store.close();
  });

  test("rolls back a failed transaction, and reports the failure", async () => {
    const schema = postgres.schema();
    const store = await openPostgresStore({ connection: server.url, schema });
    const database = new Database(compilePostgresOptions({ connection: server.url }));
    const failing = database.transaction(async (queries) => {
      await queries.rows(`UPDATE ${schema}.object_head SET version = 77`);
      throw new TypeError("a fault in between");
    });
    await assert.rejects(failing, { name: "TypeError", message: "a fault in between" });
    const rows = await database.rows(`SELECT version::int FROM ${schema}.object_head`);
    assert.deepEqual(rows, [{ version: 1 }]);
    assert.equal(database.available, true);
    await database.close();
    await store.close();
  });
});
