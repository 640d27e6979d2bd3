import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIncarnation } from "@cocktail/environment";
import { storeUnavailable } from "../errors.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import type { Store } from "../store/store.ts";
import { deployReady, gone } from "./testing/steps.ts";
import { TestWorld, done } from "./testing/world.ts";

/** A store that makes so many writes and then none: as a process that dies right after one of them. */
class DyingStore implements Store {
  readonly objects: Store["objects"];
  readonly tables: Store["tables"];
  readonly available = true;
  readonly writes: string[] = [];
  readonly #lives: number;

  constructor({ objects, tables }: Store, lives: number) {
    this.#lives = lives;
    this.objects = {
      get: objects.get.bind(objects),
      list: objects.list.bind(objects),
      watch: objects.watch.bind(objects),
      create: async (...args) => this.#write("create", () => objects.create(...args)),
      writeSpec: async (...args) => this.#write("writeSpec", () => objects.writeSpec(...args)),
      writeStatus: async (...args) => this.#write("status", () => objects.writeStatus(...args)),
      delete: async (...args) => this.#write("delete", () => objects.delete(...args)),
      release: async (...args) => this.#write("release", () => objects.release(...args)),
    };
    this.tables = {
      head: tables.head.bind(tables),
      at: tables.at.bind(tables),
      watch: tables.watch.bind(tables),
      prune: tables.prune.bind(tables),
      append: async (...args) => this.#write("append", () => tables.append(...args)),
    };
  }

  onAvailability(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {}

  async #write<T>(name: string, write: () => Promise<T>): Promise<T> {
    if (this.writes.length >= this.#lives) throw storeUnavailable("the process is dead");
    this.writes.push(name);
    return write();
  }
}

/** User requests; the process may crash during each of them. */
async function script({ lifecycle }: TestWorld, world: TestWorld): Promise<void> {
  await deployReady(world, "cart", "mp-1", { branch: "feature/mp-1", environment: "ops" });
  await deployReady(world, "payment", "mp-1", { environment: "ops" });
  await deployReady(world, "cart", "mp-1");
  done(await lifecycle.applyEnvironment("ops", { members: { cart: "mp-1", payment: "mp-1" } }));
  await deployReady(world, "cart", "rc");
  done(await lifecycle.promote("cart"));
  await gone(world, "cart", "rc");
  done(await lifecycle.deleteEnvironment("ops"));
  await gone(world, "cart", "mp-1");
  await deployReady(world, "cart", "mp-1");
}

/** Plays the script until the store is dead; the number of writes it made. */
async function play(store: Store, lives: number, started: Map<string, string>): Promise<number> {
  const dying = new DyingStore(store, lives);
  const world = new TestWorld(dying);
  const note = noteStarts(world, started);
  const stop = new AbortController();
  const playing = (async (): Promise<void> => {
    await world.start();
    await script(world, world);
  })().catch(() => undefined);
  const died = (async (): Promise<void> => {
    while (!stop.signal.aborted && dying.writes.length < lives) await new Promise(setImmediate);
  })();
  await Promise.race([playing, died]);
  stop.abort();
  await world.lifecycle.stop();
  note();
  return dying.writes.length;
}

/** No number of a key may ever be started for two lives of it. */
function noteStarts(world: TestWorld, started: Map<string, string>): () => void {
  const { host } = world.platform;
  return () => {
    for (const spec of world.platform.specs) {
      const name = formatIncarnation(spec);
      const before = started.get(name);
      assert.ok(before === undefined || before === host, `${name} was started twice`);
      started.set(name, host);
    }
  };
}

test("after a crash at any write, the next run converges to the same state", async () => {
  const complete = await play(new MemoryStore(), Infinity, new Map());
  assert.ok(complete > 40, `only ${complete} writes`);
  for (let lives = 1; lives < complete; lives += lives < 12 ? 1 : 3) {
    const store = new MemoryStore();
    const started = new Map<string, string>();
    await play(store, lives, started);
    await using next = new TestWorld(store);
    const note = noteStarts(next, started);
    await next.start();
    for (const name of next.lifecycle.environmentNames()) {
      if (name === "stable" || name === "rc") continue;
      const answer = await next.lifecycle.deleteEnvironment(name, { discard: true });
      assert.equal(answer.kind, "done", `${lives}: ${name}`);
    }
    if (next.lifecycle.variant("cart", "rc")) done(await next.lifecycle.destroy("cart", "rc"));
    await next.until(
      () => next.lifecycle.variants().every(({ key }) => key === "stable"),
      () => `${lives} writes: ${JSON.stringify(next.lifecycle.variants())}`,
    );
    for (const service of ["cart", "payment", "storefront"]) await next.ready(service, "stable");
    await next.until(
      () => next.running().length === 3,
      () => `${lives} writes: ${next.running().join(" ")}`,
    );
    assert.deepEqual([...next.platform.checkouts], [], `${lives} writes`);
    assert.deepEqual(Object.keys(next.table.environments), ["rc"], `${lives} writes`);
    await deployReady(next, "cart", "mp-1");
    note();
    await store.close();
  }
});
