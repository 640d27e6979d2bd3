import assert from "node:assert/strict";
import { kinds } from "@cocktail/environment";
import { type It, deployReady, gone, environmentReady, turns } from "./steps.ts";
import { TestWorld, done } from "./world.ts";

export function restarts(it: It): void {
  it("a new run restores everything in one epoch, and finishes deletions", async (world, {
    store,
  }) => {
    await deployReady(world, "cart", "mp-1");
    await deployReady(world, "payment", "mp-2");
    done(await world.lifecycle.createEnvironment({ name: "ops", members: { cart: "mp-1" } }));
    await world.until(() => environmentReady(world, "ops"), "environment ops");
    const gate = Promise.withResolvers<void>();
    world.readers.gate = gate.promise;
    done(await world.lifecycle.destroy("payment", "mp-2"));
    const before = world.table.epoch;
    await world.lifecycle.stop();

    // What is restored is told from the first list: here one that is not older than the last write.
    await Promise.all(kinds.map((kind) => store.objects.list(kind)));
    await using next = await new TestWorld(store).start();
    assert.deepEqual(next.lifecycle.restored(), ["cart:mp-1", "environment ops"]);
    await next.ready("cart", "mp-1");
    await gone(next, "payment", "mp-2");
    assert.ok(next.table.epoch <= before + 2, `${next.table.epoch - before} epochs`);
    assert.equal(next.listed("cart", "stable"), 2);
    assert.equal(next.listed("cart", "mp-1"), 2);
    assert.deepEqual(next.running(), [
      "cart:mp-1#2",
      "cart:stable#2",
      "payment:stable#2",
      "storefront:stable#2",
    ]);
    assert.equal(next.variant("cart", "mp-1").incarnations.length, 1);
  });

  it("an interrupted run is continued by the next", async (world, { store }) => {
    for (const key of ["mp-1", "mp-2", "mp-3"]) {
      done(await world.lifecycle.deploy({ service: "cart", key, branch: `feature/${key}` }));
    }
    await turns(3);
    done(await world.lifecycle.destroy("cart", "mp-2"));
    await world.lifecycle.stop();
    await using next = await new TestWorld(store).start();
    await next.ready("cart", "mp-1");
    await next.ready("cart", "mp-3");
    await gone(next, "cart", "mp-2");
    assert.equal(next.running().length, 5);
  });
}

export function storms(it: It): void {
  it("20 branches deployed, redeployed and destroyed at once converge, and leave nothing", async (world) => {
    const stable = JSON.stringify(world.listed("cart", "stable"));
    const epochs: number[] = [];
    const unsubscribe = world.lifecycle.onChange(() => epochs.push(world.table.epoch));
    await Promise.all(
      Array.from({ length: 20 }, async (_unused, at) => {
        const key = `mp-${at}`;
        const service = at % 2 === 0 ? "cart" : "payment";
        world.platform.behaviours.set(`${service}:${key}`, { after: at % 7 });
        done(await world.lifecycle.deploy({ service, key, branch: `feature/${key}` }));
        if (at % 3 === 0) await world.ready(service, key);
        done(await world.lifecycle.deploy({ service, key, branch: `feature/${key}` }));
        if (at % 5 === 0) await world.ready(service, key);
        done(await world.lifecycle.destroy(service, key));
        if (at % 4 !== 0) await gone(world, service, key);
        else done(await world.lifecycle.deploy({ service, key }));
      }),
    );
    const kept = [0, 4, 8, 12, 16].map((at) => `mp-${at}`);
    for (const key of kept) await world.ready("cart", key);
    await world.until(
      () => world.running().length === 8,
      () => `8 to run, but: ${world.running().join(" ")}`,
    );
    unsubscribe();
    assert.deepEqual(
      world.lifecycle
        .variants({ service: "cart" })
        .map(({ key }) => key)
        .toSorted(),
      [...kept, "stable"].toSorted(),
    );
    assert.equal(JSON.stringify(world.listed("cart", "stable")), stable);
    assert.deepEqual(
      epochs,
      epochs.toSorted((one, other) => one - other),
    );
    // A variant that was taken back before it was gone may still have its checkout; it goes with the variant.
    const live = new Set(kept.map((key) => `cart:${key}`));
    for (const checkout of world.platform.checkouts) assert.ok(live.has(checkout), checkout);
    for (const key of kept) done(await world.lifecycle.destroy("cart", key));
    for (const key of kept) await gone(world, "cart", key);
    assert.deepEqual([...world.platform.checkouts], []);
    assert.equal(world.running().length, 3);
    assert.deepEqual(Object.keys(world.table.environments), ["rc"]);
  });
}
