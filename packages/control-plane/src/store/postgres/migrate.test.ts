import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { runner } from "node-pg-migrate";
import { type VariantObject, kinds } from "@cocktail/environment";
import { Client } from "pg";
import { type TestPostgres, execute, testPostgres } from "../../../test/postgres.ts";
import type { ObjectStore } from "../object-store.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { migrationsTable } from "./schema-check.ts";

const opened = new AsyncDisposableStack();
let postgres: TestPostgres;
before(async () => {
  postgres = opened.use(await testPostgres());
});
after(() => opened.disposeAsync());

const directory = fileURLToPath(new URL("../../../migrations", import.meta.url));

/** A store over a schema as the version before objects left it, with what it stored. */
async function takeOver(rows: string): Promise<ObjectStore> {
  const schema = postgres.schema();
  opened.defer(() => postgres.drop(schema));
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
  const store = await openPostgresStore({ connection: postgres.url, schema });
  opened.defer(() => store.close());
  return store.objects;
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
  ('clock', 'mp-7', '{"service": "clock", "key": "mp-7", "source": {"kind": "directory", "path": "/src/clock"}, "env": {"FORMAT": "", "ZONE": "utc"},
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

describe("what the version before objects stored", () => {
  let objects: ObjectStore;
  before(async () => {
    objects = await takeOver(rows);
  });

  async function variant(key: string): Promise<VariantObject> {
    const found = await objects.get("ServiceVariant", `clock:${key}`);
    assert.ok(found, `clock:${key} is lost`);
    return found;
  }

  test("a service: its path and command are its source's", async () => {
    const service = await objects.get("Service", "clock");
    assert.deepEqual(service?.spec, {
      position: 0,
      entry: true,
      protocol: "auto",
      entryHash: "48e760b984226834",
      source: { kind: "service", path: "/shop/clock", command: ["python3", "clock.py"] },
    });
  });

  test("a variant: empty variables and commands stay", async () => {
    const { createdAt, spec } = await variant("mp-7");
    assert.equal(createdAt, 2000);
    assert.deepEqual(spec, {
      service: "clock",
      key: "mp-7",
      rollout: 1,
      onUnavailable: "Fallback",
      expiresAt: 9000,
      source: {
        kind: "directory",
        path: "/src/clock",
        command: [],
        env: { FORMAT: "", ZONE: "utc" },
      },
    });
  });

  test("incarnations: in the order of their numbers, in the status of their variant", async () => {
    const { status } = await variant("mp-7");
    assert.equal(status?.lastIncarnation, 10);
    const common = { host: "r1", rollout: 1, onUnavailable: "Fallback" };
    assert.deepEqual(status.incarnations, [
      {
        ...common,
        number: 9,
        state: "DRAINING",
        revision: "1a61",
        createdAt: 2001,
        destination: "http://127.0.0.1:25271",
      },
      {
        ...common,
        number: 10,
        state: "ACTIVE",
        revision: "1a62",
        createdAt: 2002,
        destination: "http://127.0.0.1:25272",
      },
    ]);
  });

  test("a promotion: still bound to its candidate, and to the file as it was then", async () => {
    const { deletedAt, spec } = await variant("stable");
    assert.equal(deletedAt, undefined);
    const candidate = { uid: (await variant("rc")).uid, rollout: 2 };
    assert.deepEqual(spec.promotion, { candidate, revision: "b016", at: 1500 });
    assert.equal(spec.entryHash, "1111");
  });

  test("a deletion continues", async () => {
    const { deletedAt, spec } = await variant("mp-8");
    assert.equal(typeof deletedAt, "number");
    assert.equal(spec.discard, true);
  });

  test("an environment", async () => {
    const environment = await objects.get("Environment", "shorty");
    assert.equal(environment?.generation, 4);
    assert.equal(environment.createdAt, 5000);
    const spec = { parent: "stable", members: { clock: "mp-7" }, expiresAt: 6000 };
    assert.deepEqual(environment.spec, spec);
  });

  test("the numbers of a key that is gone are never used again", async () => {
    const ledger = await objects.get("Ledger", "incarnations");
    assert.deepEqual(ledger?.status, { highest: 41 });
  });
});

test("an empty store of the version before objects opens as an empty one", async () => {
  const objects = await takeOver("");
  for (const kind of kinds) assert.deepEqual((await objects.list(kind)).items, []);
});
