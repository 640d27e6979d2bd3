import assert from "node:assert/strict";
import { test } from "node:test";
import { isStoreUnavailable, storeUnavailable } from "../errors.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import { TestWorld, done, shop } from "./testing/world.ts";

test("while the store is away changes reject and views answer, and reconciling resumes afterwards", async () => {
  const store = new MemoryStore();
  await using world = await new TestWorld(store).start();
  world.platform.behaviours.set("cart:mp-1", { after: Infinity });
  done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
  await world.until(() => world.running().length === 4, "the branch to start");

  store.setAvailable(false);
  await assert.rejects(
    world.lifecycle.deploy({ service: "cart", key: "mp-2" }),
    isStoreUnavailable,
  );
  await assert.rejects(world.lifecycle.destroy("cart", "mp-1"), isStoreUnavailable);
  world.platform.become({ service: "cart", key: "mp-1", incarnation: 1 }, "Ready");
  assert.equal(world.lifecycle.variant("cart", "mp-1")?.state, "PENDING");
  assert.equal(world.lifecycle.table().epoch, 1);
  assert.equal(world.running().length, 4, "a workload was stopped because of the store");

  store.setAvailable(true);
  await world.ready("cart", "mp-1");
  assert.equal(world.table.epoch, 2);
  done(await world.lifecycle.destroy("cart", "mp-1"));
  await world.until(() => world.lifecycle.variant("cart", "mp-1") === undefined, "the end");
});

test("a write whose response was lost is neither lost nor duplicated", async () => {
  const store = new MemoryStore();
  await using world = await new TestWorld(store).start();
  const create = store.objects.create.bind(store.objects);
  const append = store.tables.append.bind(store.tables);
  let isLost = true;
  store.objects.create = async (draft, actor) => {
    const outcome = await create(draft, actor);
    if (isLost) throw storeUnavailable("the answer was lost");
    return outcome;
  };
  await assert.rejects(
    world.lifecycle.deploy({ service: "cart", key: "mp-1" }),
    isStoreUnavailable,
  );
  isLost = false;
  let losses = 0;
  store.tables.append = async (epoch, content) => {
    const outcome = await append(epoch, content);
    if (losses++ === 0) throw storeUnavailable("the answer was lost");
    return outcome;
  };
  // It was stored, although nobody was told: asking again makes the next rollout of it.
  const { outcome, generation } = done(
    await world.lifecycle.deploy({ service: "cart", key: "mp-1" }),
  );
  assert.equal(outcome, "updated");
  assert.equal(generation, 2);
  await world.ready("cart", "mp-1");
  assert.equal(world.table.epoch, (await store.tables.head()).epoch);
  assert.equal(world.running().length, 4);
});

test("the first table waits for variants that start slowly, but not for one that hangs", async () => {
  const store = new MemoryStore();
  await using world = new TestWorld(store, { limits: { startupBatchMs: 5_000 } });
  world.platform.behaviours.set("cart:stable", { after: 20 });
  world.platform.behaviours.set("payment:stable", { after: 100 });
  await world.start();
  assert.equal(world.table.epoch, 1);
  assert.deepEqual(Object.keys(world.table.services).toSorted(), ["cart", "payment", "storefront"]);
  await world.lifecycle.stop();

  await using next = new TestWorld(new MemoryStore(), { limits: { startupBatchMs: 20 } });
  next.platform.behaviours.set("cart:stable", { after: Infinity });
  await next.lifecycle.syncServices(shop());
  await next.lifecycle.start();
  await next.ready("payment", "stable");
  assert.equal(next.lifecycle.isSettled(), false);
});

test("another writer of the table is neither overwritten nor blocking", async () => {
  const store = new MemoryStore();
  await using world = await new TestWorld(store).start();
  const head = await store.tables.head();
  const foreign = { ...head.environments, other: { parent: "stable", members: {} } };
  await store.tables.append(head.epoch, { services: head.services, environments: foreign });
  done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
  await world.ready("cart", "mp-1");
  const last = await store.tables.head();
  assert.equal(last.epoch, head.epoch + 2);
  assert.equal(world.table.tag, last.tag);
});
