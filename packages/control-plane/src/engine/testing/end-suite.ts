import assert from "node:assert/strict";
import { type It, deployReady, gone, turns } from "./steps.ts";
import { done, refusal, shop } from "./world.ts";

export function ends(it: It): void {
  it("a destroyed branch leaves nothing behind", async (world) => {
    await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101" });
    assert.deepEqual([...world.platform.checkouts], ["cart:mp-101"]);
    const result = done(await world.lifecycle.destroy("cart", "mp-101"));
    assert.equal(result.outcome, "deleted");
    await gone(world, "cart", "mp-101");
    assert.equal(world.running().length, 3);
    assert.deepEqual([...world.platform.checkouts], []);
    assert.equal(world.table.environments["mp-101"], undefined);
    const again = done(await world.lifecycle.destroy("cart", "mp-101"));
    assert.equal(again.outcome, "already absent");
  });

  it("numbers are never used again", async (world) => {
    await deployReady(world, "cart", "mp-1");
    done(await world.lifecycle.destroy("cart", "mp-1"));
    await gone(world, "cart", "mp-1");
    const variant = await deployReady(world, "cart", "mp-1");
    assert.deepEqual(
      variant.incarnations.map(({ number }) => number),
      [2],
    );
    assert.equal(variant.conditions[0]?.observedGeneration, 1, "a generation is one object's");
  });

  it("a deploy waits for the variant of its name to be destroyed", async (world) => {
    await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101" });
    done(await world.lifecycle.destroy("cart", "mp-101"));
    const result = done(
      await world.lifecycle.deploy({ service: "cart", branch: "feature/mp-101" }),
    );
    assert.equal(result.outcome, "created");
    await world.ready("cart", "mp-101");
    assert.equal(world.listed("cart", "mp-101"), 2);
    await world.until(() => world.running().length === 4, "the old one to go");
    assert.ok(world.platform.checkouts.has("cart:mp-101"));
  });

  it("uncommitted work is lost only with discard", async (world) => {
    await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101" });
    world.platform.holdingWork.add("cart:mp-101");
    assert.equal(
      refusal(await world.lifecycle.destroy("cart", "mp-101")),
      "UNCOMMITTED_WORK UncommittedWork",
    );
    assert.equal(
      refusal(await world.lifecycle.deleteEnvironment("mp-101")),
      "UNCOMMITTED_WORK UncommittedWork",
    );
    assert.equal(world.condition("cart", "mp-101"), "True Serving");
    done(await world.lifecycle.destroy("cart", "mp-101", { discard: true }));
    await gone(world, "cart", "mp-101");
    assert.deepEqual([...world.platform.checkouts], []);
  });

  it("a lifetime destroys the variant, unless it is extended in time", async (world) => {
    await deployReady(world, "cart", "mp-1", { ttlSeconds: 60 });
    assert.equal(world.condition("cart", "mp-1", "Expiring"), "True ExpiresSoon");
    const extended = done(await world.lifecycle.extendEnvironment("mp-1", 120));
    assert.equal(extended.outcome, "updated");
    world.clock.pass(100_000);
    await turns(30);
    assert.equal(world.listed("cart", "mp-1"), 1);
    world.clock.pass(100_000);
    await gone(world, "cart", "mp-1");
    assert.equal(world.running().length, 3);
  });

  it("an expired variant is kept while it has uncommitted work", async (world) => {
    await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101", ttlSeconds: 60 });
    world.platform.holdingWork.add("cart:mp-101");
    world.clock.pass(61_000);
    await world.until(
      () => world.condition("cart", "mp-101", "Expiring") === "True UncommittedWork",
      "the condition",
    );
    assert.equal(world.listed("cart", "mp-101"), 1);
    world.platform.holdingWork.clear();
    world.clock.pass(61_000);
    await gone(world, "cart", "mp-101");
  });
}

export function promotes(it: It): void {
  it("a promotion is one epoch: stable takes over, rc is empty", async (world) => {
    await deployReady(world, "cart", "rc", { branch: "release/2" });
    const revision = world.variant("cart", "rc").revision;
    const before = world.table.epoch;
    const plan = done(await world.lifecycle.promote("cart", { dryRun: true })).plan;
    assert.ok(
      plan.some(({ kind, target }) => kind === "RemoveWorkload" && target.startsWith("cart:rc")),
    );
    done(await world.lifecycle.promote("cart"));
    await gone(world, "cart", "rc");
    await world.ready("cart", "stable");
    assert.equal(world.table.epoch, before + 1);
    assert.equal(world.listed("cart", "stable"), 2);
    assert.deepEqual(world.table.environments["rc"]?.members, {});
    assert.deepEqual(world.variant("cart", "stable").source, {
      kind: "branch",
      branch: "release/2",
      revision,
    });
    assert.equal(world.lifecycle.service("cart")?.promoted, true);
    await world.until(() => world.running().length === 3, "the old ones to go");
  });

  it("the last promotion can be undone: stable runs what it ran before", async (world) => {
    const rollback = (): ReturnType<typeof world.lifecycle.rollback> =>
      world.lifecycle.rollback("cart");
    assert.equal(refusal(await rollback()), "CONFLICT NothingToRollBack");
    const before = world.variant("cart", "stable").source;
    await deployReady(world, "cart", "rc", { branch: "release/2" });
    done(await world.lifecycle.promote("cart"));
    await gone(world, "cart", "rc");
    await world.ready("cart", "stable");
    assert.notDeepEqual(world.variant("cart", "stable").source, before);
    done(await rollback());
    await world.ready("cart", "stable");
    assert.deepEqual(world.variant("cart", "stable").source, before);
    assert.equal(world.lifecycle.service("cart")?.promoted, false);
    assert.equal(refusal(await rollback()), "CONFLICT NothingToRollBack");
  });

  it("a variant is started again beside its incarnation, which serves until the next one does", async (world) => {
    await deployReady(world, "cart", "mp-1", { branch: "feature/mp-1" });
    const first = world.listed("cart", "mp-1");
    const source = world.variant("cart", "mp-1").source;
    assert.equal(
      refusal(await world.lifecycle.restart("cart", "mp-9")),
      "NOT_FOUND VariantNotFound",
    );
    done(await world.lifecycle.restart("cart", "mp-1"));
    await world.until(() => world.listed("cart", "mp-1") !== first, "the next incarnation");
    await world.ready("cart", "mp-1");
    assert.deepEqual(world.variant("cart", "mp-1").source, source);
    const incarnation = world.listed("cart", "mp-1") ?? 0;
    world.platform.become({ service: "cart", key: "mp-1", incarnation }, "CrashLoop");
    await world.until(() => world.condition("cart", "mp-1") !== "True Serving", "its failure");
    done(await world.lifecycle.restart("cart", "mp-1"));
    await world.ready("cart", "mp-1");
  });

  it("a promotion stands until the file's entry changes", async (world) => {
    await deployReady(world, "cart", "rc", { source: { kind: "directory", path: "/rc" } });
    done(await world.lifecycle.promote("cart"));
    await gone(world, "cart", "rc");
    assert.deepEqual(await world.lifecycle.syncServices(shop("h1")), []);
    assert.equal(world.variant("cart", "stable").promoted, true);
    const notes = await world.lifecycle.syncServices(shop("h2"));
    assert.ok(
      notes.some((note) => note.includes("promotion")),
      notes.join(),
    );
    await world.until(() => world.listed("cart", "stable") === 3, "the file's stable");
    assert.equal(world.variant("cart", "stable").promoted, false);
  });

  it("a candidate can't be promoted before it serves", async (world) => {
    assert.equal(refusal(await world.lifecycle.promote("cart")), "NOT_FOUND NothingToPromote");
    world.platform.behaviours.set("cart:rc", { after: Infinity });
    done(await world.lifecycle.deploy({ service: "cart", key: "rc" }));
    assert.equal(refusal(await world.lifecycle.promote("cart")), "CONFLICT NothingToPromote");
  });
}
