import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { runner } from "node-pg-migrate";
import { Client } from "pg";
import { type TestPostgres, execute, testPostgres } from "../../../test/postgres.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { migrationsTable } from "./schema-check.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await testPostgres();
});
after(() => postgres[Symbol.asyncDispose]());

const directory = fileURLToPath(new URL("../../../migrations", import.meta.url));

/** A schema as the version before objects left it, with what it stored. */
async function schemaBeforeObjects(schema: string, rows: string): Promise<void> {
  const dbClient = new Client(postgres.url);
  await dbClient.connect();
  try {
    await runner({
      dbClient,
      dir: directory,
      direction: "up",
      count: 2,
      schema,
      createSchema: true,
      migrationsTable,
      log: () => undefined,
    });
  } finally {
    await dbClient.end();
  }
  await execute(postgres.url, `SET search_path TO ${schema}; ${rows}`);
}

// As the version before wrote them: a promoted stable whose file has changed since, a branch from a directory with variables,
// one that is being deleted, a candidate that failed, an environment, and the counter of a key that is gone.
const rows = `
INSERT INTO service VALUES ('clock', '{"name": "clock", "path": "/shop/clock", "entry": true, "position": 0, "protocol": "auto",
  "source": {"kind": "service"}, "command": ["python3", "clock.py"], "env": {}, "entryHash": "48e760b984226834"}');
INSERT INTO variant VALUES
  ('clock', 'stable', '{"service": "clock", "key": "stable", "source": {"kind": "branch", "branch": "feature/x", "revision": "b016"},
    "branch": "feature/x", "env": {}, "deleted": false, "discard": false, "createdAt": 1000, "generation": 3, "onUnavailable": "Fail",
    "promotion": {"at": 1500, "revision": "b016", "entryHash": "1111", "rcGeneration": 2}}'),
  ('clock', 'mp-7', '{"service": "clock", "key": "mp-7", "source": {"kind": "directory", "path": "/work/clock"}, "env": {"FORMAT": "", "ZONE": "utc"},
    "command": [], "deleted": false, "discard": false, "createdAt": 2000, "expiresAt": 9000, "generation": 1, "onUnavailable": "Fallback"}'),
  ('clock', 'mp-8', '{"service": "clock", "key": "mp-8", "source": {"kind": "branch", "branch": "mp-8"}, "branch": "mp-8", "env": {},
    "deleted": true, "discard": true, "createdAt": 3000, "generation": 1, "onUnavailable": "Fail"}'),
  ('clock', 'rc', '{"service": "clock", "key": "rc", "source": {"kind": "branch", "branch": "feature/x"}, "branch": "feature/x", "env": {},
    "deleted": false, "discard": false, "createdAt": 4000, "generation": 2, "onUnavailable": "Fail"}');
INSERT INTO environment VALUES ('shorty', '{"name": "shorty", "parent": "stable", "members": {"clock": "mp-7"}, "createdAt": 5000,
  "expiresAt": 6000, "generation": 4}');
INSERT INTO incarnation VALUES
  ('clock', 'mp-7', 10, '{"service": "clock", "key": "mp-7", "number": 10, "run": "r1", "state": "ACTIVE", "revision": "1a62", "createdAt": 2002,
    "generation": 1, "destination": "http://127.0.0.1:25272", "onUnavailable": "Fallback"}'),
  ('clock', 'mp-7', 9, '{"service": "clock", "key": "mp-7", "number": 9, "run": "r1", "state": "DRAINING", "revision": "1a61", "createdAt": 2001,
    "generation": 1, "destination": "http://127.0.0.1:25271", "onUnavailable": "Fallback"}');
INSERT INTO key_counter VALUES ('clock', 'mp-7', 1, 10), ('clock', 'stable', 3, 5), ('clock', 'rc', 2, 0), ('clock', 'mp-1', 6, 41);
UPDATE state_head SET revision = 77;`;

test("what the version before objects stored becomes objects, and nothing is lost", async (t) => {
  const schema = postgres.schema();
  t.after(() => postgres.drop(schema));
  await schemaBeforeObjects(schema, rows);
  await using opened = new AsyncDisposableStack();
  const { objects } = opened.adopt(
    await openPostgresStore({ connection: postgres.url, schema }),
    (store) => store.close(),
  );

  const [service] = (await objects.list("Service")).items;
  assert.deepEqual(service?.spec, {
    position: 0,
    entry: true,
    protocol: "auto",
    entryHash: "48e760b984226834",
    source: { kind: "service", path: "/shop/clock", command: ["python3", "clock.py"] },
  });

  const variants = new Map(
    (await objects.list("ServiceVariant")).items.map((variant) => [variant.spec.key, variant]),
  );
  assert.deepEqual([...variants.keys()].toSorted(), ["mp-7", "mp-8", "rc", "stable"]);
  const branch = variants.get("mp-7");
  assert.equal(branch?.createdAt, 2000);
  assert.deepEqual(branch?.spec, {
    service: "clock",
    key: "mp-7",
    rollout: 1,
    onUnavailable: "Fallback",
    expiresAt: 9000,
    source: {
      kind: "directory",
      path: "/work/clock",
      command: [],
      env: { FORMAT: "", ZONE: "utc" },
    },
  });
  assert.equal(branch?.status?.lastIncarnation, 10);
  assert.deepEqual(
    branch?.status?.incarnations.map(({ number, state, host, rollout, destination }) => ({
      number,
      state,
      host,
      rollout,
      destination,
    })),
    [
      {
        number: 9,
        state: "DRAINING",
        host: "r1",
        rollout: 1,
        destination: "http://127.0.0.1:25271",
      },
      {
        number: 10,
        state: "ACTIVE",
        host: "r1",
        rollout: 1,
        destination: "http://127.0.0.1:25272",
      },
    ],
  );

  assert.equal(variants.get("stable")?.deletedAt, undefined);
  assert.deepEqual(variants.get("stable")?.spec.promotion, {
    candidate: { uid: variants.get("rc")?.uid, rollout: 2 },
    revision: "b016",
    at: 1500,
  });
  // The hash that the promotion was made over, so that the change of the file since then is still seen.
  assert.equal(variants.get("stable")?.spec.entryHash, "1111");
  assert.equal(typeof variants.get("mp-8")?.deletedAt, "number");
  assert.equal(variants.get("mp-8")?.spec.discard, true);

  const [environment] = (await objects.list("Environment")).items;
  assert.equal(environment?.generation, 4);
  assert.deepEqual(environment?.spec, {
    parent: "stable",
    members: { clock: "mp-7" },
    expiresAt: 6000,
  });

  // A key that is gone counts too: its numbers are never used again.
  const [ledger] = (await objects.list("Ledger")).items;
  assert.equal(ledger?.name, "incarnations");
  assert.deepEqual(ledger?.status, { highest: 41 });
});

test("an empty store of the version before opens as an empty one", async (t) => {
  const schema = postgres.schema();
  t.after(() => postgres.drop(schema));
  await schemaBeforeObjects(schema, "");
  await using opened = new AsyncDisposableStack();
  const { objects } = opened.adopt(
    await openPostgresStore({ connection: postgres.url, schema }),
    (store) => store.close(),
  );
  for (const kind of ["Service", "ServiceVariant", "Environment", "Ledger"] as const) {
    assert.deepEqual((await objects.list(kind)).items, []);
  }
});
