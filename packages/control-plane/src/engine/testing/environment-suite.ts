import assert from "node:assert/strict";
import { type It, deployReady, gone, environmentReady, environmentReason } from "./steps.ts";
import { done, refusal } from "./world.ts";

export function environments(it: It): void {
  it("an environment opens and closes in one epoch, with what only it held", async (world) => {
    for (const service of ["cart", "payment"]) {
      done(await world.lifecycle.deploy({ service, key: "mp-1", environment: "ops" }));
    }
    await world.ready("cart", "mp-1");
    await world.ready("payment", "mp-1");
    await world.until(() => environmentReady(world, "ops"), "environment ops");
    const open = world.table.epoch;
    const result = done(await world.lifecycle.deleteEnvironment("ops"));
    assert.deepEqual(result.variants, ["cart:mp-1", "payment:mp-1"]);
    await gone(world, "cart", "mp-1");
    await gone(world, "payment", "mp-1");
    assert.equal(world.table.epoch, open + 1);
    assert.deepEqual(Object.keys(world.table.environments), ["rc"]);
    await world.until(() => world.lifecycle.environment("ops") === undefined, "its object to go");
  });

  it("an environment is created, applied, and deleted with keepVariants, which keeps its members", async (world) => {
    await deployReady(world, "cart", "mp-1");
    const before = world.table.epoch;
    const spec = { name: "ops", members: { cart: "mp-1", payment: "mp-9" } };
    const created = done(await world.lifecycle.createEnvironment(spec));
    assert.deepEqual(created.warnings, [
      "payment:mp-9 is not deployed; its requests go to the layers below",
    ]);
    await world.until(() => environmentReason(world, "ops") === "MemberMissing", "environment ops");
    await world.until(() => world.table.environments["ops"] !== undefined, "its layer");
    assert.equal(world.table.epoch, before + 1);
    assert.equal(
      refusal(await world.lifecycle.createEnvironment(spec)),
      "CONFLICT EnvironmentExists",
    );
    assert.equal(done(await world.lifecycle.applyEnvironment("ops", spec)).outcome, "unchanged");
    const dryRun = done(await world.lifecycle.deleteEnvironment("ops", { dryRun: true }));
    assert.deepEqual(dryRun.variants, [], "it was deployed before, and by itself");
    done(await world.lifecycle.deploy({ service: "payment", key: "mp-9", environment: "ops" }));
    await world.ready("payment", "mp-9");
    await world.until(() => environmentReady(world, "ops"), "all members to serve");
    const all = done(await world.lifecycle.deleteEnvironment("ops", { dryRun: true }));
    assert.deepEqual(all.variants, ["payment:mp-9"]);
    const kept = done(await world.lifecycle.deleteEnvironment("ops", { keepVariants: true }));
    assert.deepEqual(kept.variants, []);
    await world.until(() => world.table.environments["ops"] === undefined, "the layer to go");
    assert.equal(world.listed("cart", "mp-1"), 1);
  });

  it("an environment destroys only what its own deploys made", async (world) => {
    await deployReady(world, "cart", "mp-1");
    done(await world.lifecycle.deploy({ service: "payment", key: "mp-2", environment: "ops" }));
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1", environment: "ops" }));
    await world.ready("payment", "mp-2");
    await world.ready("cart", "mp-1");
    await world.until(() => environmentReady(world, "ops"), "environment ops");
    assert.deepEqual(done(await world.lifecycle.deleteEnvironment("ops")).variants, [
      "payment:mp-2",
    ]);
    await gone(world, "payment", "mp-2");
    await world.until(() => world.lifecycle.environment("ops") === undefined, "its object to go");
    assert.notEqual(world.listed("cart", "mp-1"), undefined);
  });

  it("what an environment left behind isn't of a later one with its name", async (world) => {
    const made = { service: "cart", key: "mp-1", environment: "ops" };
    const closed = async (keepVariants: boolean): Promise<readonly string[]> => {
      const { variants } = done(await world.lifecycle.deleteEnvironment("ops", { keepVariants }));
      await world.until(() => world.lifecycle.environment("ops") === undefined, "its object to go");
      return variants;
    };
    done(await world.lifecycle.deploy(made));
    await world.ready("cart", "mp-1");
    assert.deepEqual(await closed(true), []);
    done(await world.lifecycle.createEnvironment({ name: "ops", members: { cart: "mp-1" } }));
    assert.deepEqual(await closed(false), [], "it is only named");
    done(await world.lifecycle.deploy(made));
    assert.deepEqual(await closed(false), [], "it was there before");
    assert.notEqual(world.listed("cart", "mp-1"), undefined);
  });

  it("an applied environment has the lifetime that was applied, or none", async (world) => {
    const spec = { name: "ops", members: {} };
    done(await world.lifecycle.createEnvironment({ ...spec, ttlSeconds: 60 }));
    assert.notEqual(world.lifecycle.environment("ops")?.expiresAt, undefined);
    done(await world.lifecycle.applyEnvironment("ops", spec));
    assert.equal(world.lifecycle.environment("ops")?.expiresAt, undefined);
  });

  it("a parent can't be deleted, and an environment can't be its own ancestor", async (world) => {
    done(await world.lifecycle.createEnvironment({ name: "base" }));
    done(await world.lifecycle.createEnvironment({ name: "top", parent: "base" }));
    assert.equal(
      refusal(await world.lifecycle.deleteEnvironment("base")),
      "CONFLICT EnvironmentIsParent",
    );
    const cycle = await world.lifecycle.applyEnvironment("base", { parent: "top" });
    assert.equal(refusal(cycle), "INVALID ParentCycle");
    assert.equal(
      refusal(await world.lifecycle.deleteEnvironment("rc")),
      "REFUSED EnvironmentBuiltIn",
    );
  });

  it("an environment ends with its lifetime", async (world) => {
    done(
      await world.lifecycle.deploy({
        service: "cart",
        key: "mp-1",
        environment: "ops",
        ttlSeconds: 60,
      }),
    );
    await world.ready("cart", "mp-1");
    await world.until(() => environmentReady(world, "ops"), "environment ops");
    world.clock.pass(61_000);
    await gone(world, "cart", "mp-1");
    await world.until(
      () => world.lifecycle.environment("ops") === undefined,
      "the environment to go",
    );
    await world.until(() => world.table.environments["ops"] === undefined, "the layer to go");
  });
}
