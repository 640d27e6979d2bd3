import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { identify, isAlive } from "@cocktail/local-state";
import { Client } from "pg";
import { canRead, until } from "@cocktail/test-support";
import {
  supervisePostgres,
  PostgresError,
  type PostgresErrorCode,
  startPostgres,
} from "./index.ts";
import { readRecord, removeRecord, writeRecord } from "./record.ts";

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(url);
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function assertCode(error: unknown, code: PostgresErrorCode): asserts error is PostgresError {
  assert.ok(PostgresError.is(error), String(error));
  assert.equal(error.code, code, error.message);
}

describe("an embedded Postgres", () => {
  let home: string;
  let directory: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), "cocktail-pg-"));
    directory = join(home, "pg");
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  test("keeps its data over a stop, and leaves neither socket nor process", async () => {
    const first = await startPostgres({ directory });
    await query(first.url, "create table kept (n int); insert into kept values (42)");
    await first.stop();
    assert.equal((await first.exited).expected, true);
    assert.deepEqual(readdirSync(join(directory, "socket")), []);
    assert.equal(existsSync(join(directory, "process.json")), false);
    await using second = await startPostgres({ directory });
    assert.deepEqual(await query(second.url, "select n from kept"), [{ n: 42 }]);
    assert.equal(second.recovered, false);
  });

  test("wants its password", async () => {
    await using server = await startPostgres({ directory });
    const wrong = server.url.replace(/:[0-9a-f]+@/, ":wrong@");
    await assert.rejects(query(wrong, "select 1"), /password authentication failed/);
  });

  test("is closed to other users of the machine: socket, data and password", async () => {
    chmodSync(home, 0o755);
    await using server = await startPostgres({ directory });
    const { address } = server;
    assert.ok(address.kind === "socket", "a path that is short enough");
    const socket = join(address.directory, `.s.PGSQL.${address.port}`);
    for (const path of [socket, join(directory, "data/PG_VERSION"), join(directory, "password")]) {
      assert.ok(existsSync(path), path);
      assert.equal(canRead(path, home), false, path);
    }
  });

  test("is restarted after kill -9, at the same address", async () => {
    await using kept = await supervisePostgres({ directory });
    const pid = kept.pid() ?? 0;
    process.kill(pid, "SIGKILL");
    await until("another server", () => kept.pid() !== undefined && kept.pid() !== pid);
    assert.deepEqual(await query(kept.url, "select n from kept"), [{ n: 42 }]);
  });

  test("says how it ended, and what it said last", async () => {
    const server = await startPostgres({ directory });
    process.kill(server.pid, "SIGQUIT");
    const { expected, output } = await server.exited;
    assert.equal(expected, false);
    assert.match(output, /received immediate shutdown request/);
  });

  test("a directory with a living owner is refused, and the server there goes on", async () => {
    await using server = await startPostgres({ directory });
    await assert.rejects(startPostgres({ directory }), (error: unknown) => {
      assert.ok(PostgresError.is(error));
      assert.equal(error.code, "DIRECTORY_IN_USE");
      assert.match(error.message, new RegExp(String(process.pid)));
      return true;
    });
    assert.deepEqual(await query(server.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("dies with its parent, and the next start finds it or its remains", async () => {
    const script = `
      import { startPostgres } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
      const server = await startPostgres({ directory: ${JSON.stringify(directory)} });
      process.stdout.write(server.pid + "\\n");
      setInterval(() => undefined, 1000);`;
    const parent = spawn(
      process.execPath,
      [...process.execArgv, "--input-type=module", "-e", script],
      {
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const lines: readonly unknown[] = await once(parent.stdout, "data");
    const postmaster = identify(Number(String(lines[0])));
    assert.ok(postmaster !== undefined);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await using server = await startPostgres({ directory });
    assert.equal(isAlive(postmaster), false);
    assert.deepEqual(await query(server.url, "select n from kept"), [{ n: 42 }]);
    await server.stop();
    await until("the server of the dead parent to go", () => !isAlive(postmaster));
  });

  test("a server that outlived its owner is ended by the next start", async () => {
    const orphan = await startPostgres({ directory });
    const written = readRecord(directory);
    assert.ok(written !== undefined);
    const owner = { pid: process.pid, startTime: "an earlier process of this number" };
    writeRecord(directory, { ...written, owner });
    await using next = await startPostgres({ directory });
    assert.equal(next.recovered, true);
    assert.equal((await orphan.exited).expected, false);
    assert.deepEqual(await query(next.url, "select n from kept"), [{ n: 42 }]);
  });

  test("lock files that name an unrelated process do not prevent a start, nor lose data", async () => {
    const first = await startPostgres({ directory });
    await query(first.url, "create table locked (n int); insert into locked values (7)");
    await first.stop();
    const text = `${process.pid}\n${join(directory, "data")}\n1\n5432\n\n\n`;
    writeFileSync(join(directory, "data", "postmaster.pid"), text);
    writeFileSync(join(directory, "socket", ".s.PGSQL.5432.lock"), text);
    await using server = await startPostgres({ directory });
    assert.deepEqual(await query(server.url, "select n from locked"), [{ n: 7 }]);
  });

  test("a path too long for a socket gets a loopback port", async () => {
    const long = join(home, "x".repeat(60), "y".repeat(60));
    mkdirSync(long, { recursive: true });
    await using server = await startPostgres({ directory: join(long, "pg") });
    assert.equal(server.connection.host, "127.0.0.1");
    assert.deepEqual(await query(server.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("a path with commas, quotes and spaces is one path", async () => {
    await using server = await startPostgres({ directory: join(home, 'a, "b" ') });
    assert.deepEqual(await query(server.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("of several that start in one directory one does, and the others are told which", async () => {
    const contested = join(home, "contested");
    const starts = await Promise.allSettled(
      [1, 2, 3].map(() => startPostgres({ directory: contested })),
    );
    const servers = starts.filter((start) => start.status === "fulfilled");
    for (const start of starts) {
      if (start.status === "rejected") assertCode(start.reason, "DIRECTORY_IN_USE");
    }
    assert.equal(servers.length, 1);
    assert.equal(readRecord(contested)?.postmaster?.pid, servers[0]?.value.pid);
    await servers[0]?.value.stop();
    await using next = await startPostgres({ directory: contested });
    assert.deepEqual(await query(next.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("a server without a record is not taken for a broken data directory", async () => {
    await using server = await startPostgres({ directory });
    removeRecord(directory);
    await assert.rejects(startPostgres({ directory }), (error: unknown) => {
      assertCode(error, "DIRECTORY_IN_USE");
      assert.match(error.message, new RegExp(`PostgreSQL ${server.pid}`));
      return true;
    });
    assert.deepEqual(await query(server.url, "select 1 as one"), [{ one: 1 }]);
  });

  test("a `data` that isn't ours is refused, and stays", async () => {
    const foreign = join(home, "foreign");
    mkdirSync(join(foreign, "data"), { recursive: true });
    writeFileSync(join(foreign, "data", "precious"), "");
    await assert.rejects(startPostgres({ directory: foreign }), (error: unknown) => {
      assertCode(error, "DIRECTORY_UNUSABLE");
      assert.match(error.message, /not a PostgreSQL data directory/);
      return true;
    });
    assert.ok(existsSync(join(foreign, "data", "precious")));
    assert.equal(existsSync(join(foreign, "process.json")), false, "it is still claimed");
  });

  test("a place that can't be written is DIRECTORY_UNUSABLE, and nothing is left running", async () => {
    writeFileSync(join(home, "file"), "");
    const unwritable = join(home, "unwritable");
    // As on a full disk: the record of the server can't be written when the server has been started.
    mkdirSync(join(unwritable, "process.json.new"), { recursive: true });
    for (const place of [join(home, "file", "pg"), unwritable]) {
      await assert.rejects(startPostgres({ directory: place }), (error: unknown) => {
        assertCode(error, "DIRECTORY_UNUSABLE");
        assert.match(error.fix, /disk space/);
        return true;
      });
    }
    assert.equal(existsSync(join(unwritable, "data", "postmaster.pid")), false);
  });

  test("a lost password is named", async () => {
    renameSync(join(directory, "password"), join(home, "password"));
    await assert.rejects(startPostgres({ directory }), (error: unknown) => {
      assertCode(error, "DIRECTORY_UNUSABLE");
      assert.match(error.message, /password/);
      return true;
    });
    renameSync(join(home, "password"), join(directory, "password"));
  });

  test("the error of a failed start has the output of Postgres", async () => {
    writeFileSync(join(directory, "data", "postgresql.auto.conf"), "no_such_setting = 1\n");
    await assert.rejects(startPostgres({ directory }), (error: unknown) => {
      assert.ok(PostgresError.is(error));
      assert.equal(error.code, "START_FAILED");
      assert.match(error.message, /no_such_setting/);
      return true;
    });
    assert.equal(existsSync(join(directory, "process.json")), false);
  });

  test("a data directory of another version is refused by name", async () => {
    writeFileSync(join(directory, "data", "PG_VERSION"), "12\n");
    await assert.rejects(startPostgres({ directory }), /made by PostgreSQL 12/);
  });
});
