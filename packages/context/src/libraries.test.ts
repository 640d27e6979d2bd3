import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { type Postgres, startPostgres } from "@cocktail/embedded-postgres";
import { parseRoute } from "@cocktail/route";
import { queue } from "async";
import Bluebird from "bluebird";
import PQueue from "p-queue";
import PQueue9 from "p-queue9";
import pg from "pg";
import { bind, current, run } from "./index.ts";

/**
 * Libraries that go on with a request's work in the context of another one, each as the loss and the remedy that
 * docs/guides/context-hazards.md names. Many requests do the same at once; each tells what context it went on in.
 */
const requests = Array.from({ length: 60 }, (_, n) => `a:b${n}`);

/** What each request went on as. */
function keysOf(work: () => Promise<string>): Promise<string[]> {
  return Promise.all(requests.map((pins) => run(parseRoute({ pins }).route, work)));
}

function assertMixed(keys: readonly string[]): void {
  assert.notDeepEqual(keys, requests);
}

describe("async.queue", () => {
  type Job = (done: () => void) => void;
  const jobs = queue((job: Job, done: () => void) => job(done), 2);
  const push = (wrap: (job: Job) => Job): Promise<string> =>
    new Promise((resolve) => {
      void jobs.push(
        wrap((done) => {
          const { key } = current();
          void turn().then(() => {
            resolve(key);
            done();
          });
        }),
      );
    });

  it("mixes routes", async () => assertMixed(await keysOf(() => push((job) => job))));
  it("remedy: bind the job", async () =>
    assert.deepEqual(await keysOf(() => push(bind)), requests));
});

describe("p-queue", () => {
  const work = async (): Promise<string> => {
    await turn();
    return current().key;
  };
  const old = new PQueue9({ concurrency: 2 });

  it("mixes routes up to version 9", async () => assertMixed(await keysOf(() => old.add(work))));
  it("remedy: bind the job", async () =>
    assert.deepEqual(await keysOf(() => old.add(bind(work))), requests));
  it("keeps them apart from version 10 on", async () => {
    const jobs = new PQueue({ concurrency: 2 });
    assert.deepEqual(await keysOf(() => jobs.add(work)), requests);
  });
});

describe("bluebird", () => {
  const key = (): string => current().key;
  const wait = (): Bluebird<void> => new Bluebird((resolve) => void turn().then(() => resolve()));

  it("mixes routes", async () =>
    assertMixed(await keysOf(() => Promise.resolve(wait().then(key)))));
  it("remedy: bind the callback, or await", async () => {
    assert.deepEqual(await keysOf(() => Promise.resolve(wait().then(bind(key)))), requests);
    assert.deepEqual(
      await keysOf(async () => {
        await wait();
        return key();
      }),
      requests,
    );
  });
  it("remedy: its own switch", async () => {
    Bluebird.config({ asyncHooks: true });
    try {
      assert.deepEqual(await keysOf(() => Promise.resolve(wait().then(key))), requests);
    } finally {
      Bluebird.config({ asyncHooks: false });
    }
  });
});

describe("pg with callbacks", () => {
  const directory = mkdtempSync(join(tmpdir(), "cocktail-context-pg-"));
  let postgres: Postgres;
  let pool: pg.Pool;

  before(async () => {
    postgres = await startPostgres({ directory });
    pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
    // The server's end may be heard of by connections that are being closed.
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
  });
  after(async () => {
    await pool.end();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const query = (wrap: (callback: () => void) => () => void): Promise<string> =>
    new Promise((resolve) =>
      pool.query(
        "select 1",
        wrap(() => resolve(current().key)),
      ),
    );

  it("mixes routes", async () => assertMixed(await keysOf(() => query((callback) => callback))));
  it("remedy: bind the callback, or await", async () => {
    assert.deepEqual(await keysOf(() => query(bind)), requests);
    assert.deepEqual(
      await keysOf(async () => {
        await pool.query("select 1");
        return current().key;
      }),
      requests,
    );
  });
});
