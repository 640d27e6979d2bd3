import assert from "node:assert/strict";
import { test } from "node:test";
import { type RouteTable, own } from "@cocktail/route";
import { MemoryStore } from "../store/memory/memory-store.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { Store } from "../store/store.ts";
import { deployReady, environmentReady, gone, turns } from "./testing/steps.ts";
import { TestWorld, done } from "./testing/world.ts";

// The writes of one decision and the tables between them: readers see all of it in one epoch.

interface Watched {
  readonly store: Store;
  /** Every table that was published. */
  readonly tables: readonly RouteTable[];
}

/** A store in which `late` may delay a write, so that other work is done between two writes. */
function watched(late: (method: string, kind: string) => Promise<void>): Watched {
  const { objects, tables, ...rest } = openStore();
  const published: RouteTable[] = [];
  const slow: ObjectStore = {
    ...objects,
    create: async (given, actor) => {
      await late("create", given.kind);
      return objects.create(given, actor);
    },
    delete: async (object, actor) => {
      await late("delete", object.kind);
      return objects.delete(object, actor);
    },
  };
  const append: Store["tables"]["append"] = async (epoch, table) => {
    const outcome = await tables.append(epoch, table);
    if (outcome.kind === "appended") published.push(outcome.table);
    return outcome;
  };
  return { store: { ...rest, objects: slow, tables: { ...tables, append } }, tables: published };
}

/** A store whose methods can be copied. */
function openStore(): Store {
  const store = new MemoryStore();
  const { objects, tables } = store;
  return {
    objects: {
      get: objects.get.bind(objects),
      list: objects.list.bind(objects),
      watch: objects.watch.bind(objects),
      create: objects.create.bind(objects),
      writeSpec: objects.writeSpec.bind(objects),
      writeStatus: objects.writeStatus.bind(objects),
      delete: objects.delete.bind(objects),
      release: objects.release.bind(objects),
    },
    tables: {
      head: tables.head.bind(tables),
      append: tables.append.bind(tables),
      at: tables.at.bind(tables),
      watch: tables.watch.bind(tables),
      prune: tables.prune.bind(tables),
    },
    available: true,
    onAvailability: () => () => undefined,
    close: () => store.close(),
  };
}

/** In which of the tables the two are not both there or both absent. */
function torn(
  tables: readonly RouteTable[],
  one: (table: RouteTable) => boolean,
  other: (table: RouteTable) => boolean,
): readonly number[] {
  return tables.filter((table) => one(table) !== other(table)).map(({ epoch }) => epoch);
}

const lists =
  (service: string, key: string) =>
  ({ services }: RouteTable): boolean =>
    own(own(services, service) ?? {}, key) !== undefined;
const hasLayer =
  (name: string) =>
  ({ environments }: RouteTable): boolean =>
    own(environments, name) !== undefined;

test("no table is published between the writes of one decision", async () => {
  const worlds: TestWorld[] = [];
  const { store, tables } = watched(async (method, kind) => {
    if (method !== "create" || kind !== "Environment") return;
    // The variant of the same decision gets as far as it can.
    const [world] = worlds;
    await world?.until(() => world.running().includes("cart:mp-1#1"), "cart:mp-1 to run");
    await turns(100);
  });
  await using world = new TestWorld(store);
  worlds.push(world);
  await world.start();
  await deployReady(world, "cart", "mp-1", { environment: "ops" });
  await world.until(() => environmentReady(world, "ops"), "ops to be ready");
  assert.deepEqual(torn(tables, lists("cart", "mp-1"), hasLayer("ops")), []);
  assert.ok(tables.some(hasLayer("ops")));
});

test("an environment and the variants that only it held leave the table in one epoch", async () => {
  let isEnding = false;
  const { store, tables } = watched(async (method, kind) => {
    if (isEnding && method === "delete" && kind === "ServiceVariant") await turns(50);
  });
  await using world = new TestWorld(store);
  await world.start();
  await deployReady(world, "cart", "mp-1", { environment: "ops" });
  await deployReady(world, "payment", "mp-2", { environment: "ops" });
  await world.until(() => environmentReady(world, "ops"), "ops to be ready");
  const from = world.table.epoch;
  isEnding = true;
  done(await world.lifecycle.deleteEnvironment("ops"));
  await gone(world, "cart", "mp-1");
  await gone(world, "payment", "mp-2");
  const after = tables.filter(({ epoch }) => epoch > from);
  assert.deepEqual(torn(after, lists("cart", "mp-1"), hasLayer("ops")), []);
  assert.deepEqual(torn(after, lists("payment", "mp-2"), hasLayer("ops")), []);
  assert.equal(after.length, 1);
});
