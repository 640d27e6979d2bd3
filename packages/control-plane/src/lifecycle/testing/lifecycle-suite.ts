import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NotReady } from "../lifecycle-service.ts";
import { type OpenStore, TestWorld, done, refusal, shop } from "./world.ts";

type Test = (world: TestWorld, opened: OpenStore) => Promise<void>;

/** What the lifecycle service does, on any store. */
export function describeLifecycle(name: string, open: () => Promise<OpenStore>): void {
  const inWorld = (title: string, body: Test): void => {
    test(title, { timeout: 60_000 }, async () => {
      const opened = await open();
      try {
        await using world = await new TestWorld(opened.store).start();
        await body(world, opened);
      } finally {
        await opened.close();
      }
    });
  };
  describe(`lifecycle ${name}`, () => {
    starts(inWorld);
    deploys(inWorld);
    ends(inWorld);
    promotes(inWorld);
    environments(inWorld);
    restarts(inWorld);
    storms(inWorld);
  });
}

type InWorld = (title: string, body: Test) => void;

function starts(inWorld: InWorld): void {
  inWorld("every stable starts in one epoch", async (world) => {
    assert.equal(world.table.epoch, 1);
    await world.ready("cart", "stable");
    assert.deepEqual(world.running(), ["cart:stable#1", "payment:stable#1", "storefront:stable#1"]);
    assert.equal(world.variant("storefront", "stable").url, "http://storefront.localhost:8080");
    assert.equal(world.variant("cart", "stable").url, undefined);
  });

  inWorld("changes are refused after the stop, views are not", async (world) => {
    await world.lifecycle.stop();
    await assert.rejects(world.lifecycle.deploy({ service: "cart", key: "mp-1" }), NotReady);
    assert.equal(world.lifecycle.services().length, 3);
  });
}

function deploys(inWorld: InWorld): void {
  inWorld("a branch is created, listed in one epoch and probed", async (world) => {
    const before = world.table.epoch;
    const result = done(
      await world.lifecycle.deploy({ service: "cart", branch: "feature/mp-101-x" }),
    );
    assert.equal(result.outcome, "created");
    assert.equal(result.variant.name, "cart:mp-101");
    assert.deepEqual(
      result.plan.map(({ kind }) => kind),
      [
        "CreateIncarnation",
        "EnsureWorkload",
        "AwaitReady",
        "PublishTable",
        "RecordState",
        "AwaitReaders",
        "ProbeRoute",
      ],
    );
    const variant = await world.ready("cart", "mp-101");
    assert.equal(world.table.epoch, before + 1);
    assert.deepEqual(world.table.environments["mp-101"]?.members, { cart: "mp-101" });
    assert.equal(variant.incarnations[0]?.state, "ACTIVE");
    assert.ok(world.readers.calls.includes("probe cart:mp-101#1"));
  });

  inWorld("a redeploy swaps in one epoch, and stops the old after its drain", async (world) => {
    await deployReady(world, "cart", "mp-1");
    const before = world.table.epoch;
    const order: string[] = world.readers.calls;
    world.platform.onRemove = (ref) => order.push(`remove ${ref.key}#${ref.incarnation}`);
    await deployReady(world, "cart", "mp-1");
    await world.until(() => world.running().length === 4, "the old one to go");
    assert.equal(world.table.epoch, before + 1);
    assert.equal(world.listed("cart", "mp-1"), 2);
    const tail = order.slice(order.lastIndexOf(`acked ${before + 1}`));
    const drained = tail.indexOf("drained cart:mp-1#1");
    assert.ok(drained > 0, order.join("; "));
    assert.ok(tail.indexOf("remove mp-1#1") > drained, order.join("; "));
  });

  inWorld("nothing is stopped before every gateway holds the table", async (world) => {
    await deployReady(world, "cart", "mp-1");
    const gate = Promise.withResolvers<void>();
    world.readers.gate = gate.promise;
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.until(() => world.listed("cart", "mp-1") === 2, "the swap");
    await turns(50);
    assert.ok(world.running().includes("cart:mp-1#1"));
    assert.equal(world.condition("cart", "mp-1"), "False AwaitingReaders");
    gate.resolve();
    await world.ready("cart", "mp-1");
    await world.until(() => !world.running().includes("cart:mp-1#1"), "the old one to go");
  });

  inWorld("a redeploy that fails leaves the old one serving, and says so", async (world) => {
    await deployReady(world, "cart", "mp-1");
    const before = world.table.epoch;
    world.platform.behaviours.set("cart:mp-1", { becomes: "Failed" });
    const { generation } = done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.until(() => world.variant("cart", "mp-1").state === "GONE", "the failure");
    await world.until(() => world.running().length === 4, "the failed one to go");
    assert.equal(world.condition("cart", "mp-1"), "False WorkloadFailed");
    assert.equal(world.condition("cart", "mp-1", "Degraded"), "True PreviousServes");
    const ready = world.variant("cart", "mp-1").conditions.find(({ type }) => type === "Ready");
    assert.equal(ready?.observedGeneration, generation);
    assert.match(ready?.message ?? "", /#1 still serves/);
    assert.equal(world.table.epoch, before);
    assert.equal(world.listed("cart", "mp-1"), 1);

    world.platform.behaviours.clear();
    await deployReady(world, "cart", "mp-1");
    assert.equal(world.listed("cart", "mp-1"), 3);
  });

  inWorld("a first deploy that fails is kept to be explained, and nothing runs", async (world) => {
    world.platform.behaviours.set("cart:mp-1", { becomes: "CrashLoop" });
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.until(() => world.variant("cart", "mp-1").state === "GONE", "the failure");
    await world.until(() => world.running().length === 3, "its workload to go");
    assert.equal(world.condition("cart", "mp-1"), "False CrashLoop");
    assert.equal(world.table.environments["mp-1"], undefined);
    const explanation = world.lifecycle.explain("mp-1");
    assert.equal(explanation?.ready, false);
    assert.equal(explanation?.reason, "CrashLoop");
    assert.match(explanation?.fix ?? "", /cocktail branch logs cart:mp-1/);
  });

  inWorld(
    "a process that is down keeps its place; with Fallback it leaves and comes back",
    async (world) => {
      await deployReady(world, "cart", "mp-1");
      await deployReady(world, "payment", "mp-1", { onUnavailable: "Fallback" });
      const before = world.table.epoch;
      become(world, "cart", "NotReady");
      await world.until(
        () => world.condition("cart", "mp-1") === "False NotReady",
        "the condition",
      );
      assert.equal(world.listed("cart", "mp-1"), 1);
      become(world, "payment", "NotReady");
      await world.until(() => world.listed("payment", "mp-1") === undefined, "the withdrawal");
      assert.equal(world.table.epoch, before + 1);
      assert.equal(world.table.environments["mp-1"]?.members["payment"], "mp-1");
      become(world, "payment", "Ready");
      await world.until(() => world.listed("payment", "mp-1") === 1, "the return");
      assert.equal(world.table.epoch, before + 2);
    },
  );

  inWorld(
    "a refusal stores nothing: another branch, stable, what the platform can't run",
    async (world) => {
      await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101-a" });
      const deploy = world.lifecycle.deploy.bind(world.lifecycle);
      const other = { service: "cart", branch: "feature/mp-101-b" };
      assert.equal(refusal(await deploy(other)), "CONFLICT KeyConflict");
      assert.equal(
        refusal(await deploy({ service: "cart", key: "stable" })),
        "REFUSED ReservedKey",
      );
      assert.equal(
        refusal(await deploy({ service: "cart", key: "payment" })),
        "CONFLICT NameTaken",
      );
      assert.equal(refusal(await deploy({ service: "cart" })), "INVALID InvalidRequest");
      world.platform.refusals.set("cart:mp-9", {
        code: "NO_REPOSITORY",
        reason: "NoRepository",
        message: "no repository",
        fix: "use --path",
      });
      assert.equal(
        refusal(await deploy({ service: "cart", key: "mp-9" })),
        "NO_REPOSITORY NoRepository",
      );
      assert.equal(world.lifecycle.variant("cart", "mp-9"), undefined);
      assert.equal(world.variant("cart", "mp-101").branch, "feature/mp-101-a");
      done(await deploy({ ...other, replace: true }));
      assert.equal(world.variant("cart", "mp-101").branch, "feature/mp-101-b");
    },
  );

  inWorld("a dry run answers the plan and changes nothing", async (world) => {
    const before = world.table.epoch;
    const wish = { service: "cart", key: "mp-1", environment: "ops", dryRun: true };
    const { plan, outcome } = done(await world.lifecycle.deploy(wish));
    assert.equal(outcome, "created");
    assert.ok(plan.length > 5);
    await turns(20);
    assert.equal(world.lifecycle.variant("cart", "mp-1"), undefined);
    assert.equal(world.lifecycle.environment("ops"), undefined);
    assert.equal(world.table.epoch, before);
    assert.equal(world.running().length, 3);
  });

  inWorld("a probe that is not answered by it is tried again, and Ready waits", async (world) => {
    let isAnswered = false;
    world.readers.probeResult = () =>
      isAnswered ? { ok: true } : { ok: false, message: "answered by cart:stable" };
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.until(
      () => world.condition("cart", "mp-1") === "False ProbeFailed",
      "the failed probe",
    );
    isAnswered = true;
    await world.ready("cart", "mp-1");
  });

  inWorld("a passing fault of the platform is only tried again", async (world) => {
    world.platform.failNext(3);
    await deployReady(world, "cart", "mp-1");
  });
}

function ends(inWorld: InWorld): void {
  inWorld("a destroyed branch leaves nothing behind", async (world) => {
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

  inWorld("numbers are never used again", async (world) => {
    await deployReady(world, "cart", "mp-1");
    done(await world.lifecycle.destroy("cart", "mp-1"));
    await gone(world, "cart", "mp-1");
    const variant = await deployReady(world, "cart", "mp-1");
    assert.deepEqual(
      variant.incarnations.map(({ number }) => number),
      [2],
    );
    assert.equal(variant.conditions[0]?.observedGeneration, 2);
  });

  inWorld("a deploy while it is being destroyed wins", async (world) => {
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

  inWorld("uncommitted work is not lost without being told", async (world) => {
    await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101" });
    world.platform.uncommitted.add("cart:mp-101");
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

  inWorld("a lifetime ends it, and is extended in time", async (world) => {
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

  inWorld("a lifetime that is over waits for uncommitted work", async (world) => {
    await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101", ttlSeconds: 60 });
    world.platform.uncommitted.add("cart:mp-101");
    world.clock.pass(61_000);
    await world.until(
      () => world.condition("cart", "mp-101", "Expiring") === "True UncommittedWork",
      "the condition",
    );
    assert.equal(world.listed("cart", "mp-101"), 1);
    world.platform.uncommitted.clear();
    world.clock.pass(61_000);
    await gone(world, "cart", "mp-101");
  });
}

function promotes(inWorld: InWorld): void {
  inWorld("a promotion is one epoch: stable takes over, rc is empty", async (world) => {
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

  inWorld("a promotion stands until the file's entry changes", async (world) => {
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

  inWorld("there is nothing to promote before a candidate serves", async (world) => {
    assert.equal(refusal(await world.lifecycle.promote("cart")), "NOT_FOUND NothingToPromote");
    world.platform.behaviours.set("cart:rc", { after: Infinity });
    done(await world.lifecycle.deploy({ service: "cart", key: "rc" }));
    assert.equal(refusal(await world.lifecycle.promote("cart")), "CONFLICT NothingToPromote");
  });
}

function environments(inWorld: InWorld): void {
  inWorld("an environment opens and closes in one epoch, with what only it held", async (world) => {
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
    assert.equal(world.lifecycle.environment("ops"), undefined);
  });

  inWorld(
    "an environment holds what it names, and lets go of it only when asked to keep it",
    async (world) => {
      await deployReady(world, "cart", "mp-1");
      const before = world.table.epoch;
      const spec = { name: "ops", members: { cart: "mp-1", payment: "mp-9" } };
      const created = done(await world.lifecycle.createEnvironment(spec));
      assert.deepEqual(created.warnings, ["payment:mp-9 is not deployed; the layers below answer"]);
      await world.until(() => environmentReady(world, "ops"), "environment ops");
      assert.equal(world.table.epoch, before + 1);
      assert.equal(
        refusal(await world.lifecycle.createEnvironment(spec)),
        "CONFLICT EnvironmentExists",
      );
      assert.equal(done(await world.lifecycle.applyEnvironment("ops", spec)).outcome, "unchanged");
      const dryRun = done(await world.lifecycle.deleteEnvironment("ops", { dryRun: true }));
      assert.deepEqual(dryRun.variants, ["cart:mp-1"]);
      const kept = done(await world.lifecycle.deleteEnvironment("ops", { keepVariants: true }));
      assert.deepEqual(kept.variants, []);
      await world.until(() => world.table.environments["ops"] === undefined, "the layer to go");
      assert.equal(world.listed("cart", "mp-1"), 1);
    },
  );

  inWorld("a parent can't go, nor a name stand on itself", async (world) => {
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

  inWorld("an environment ends with its lifetime", async (world) => {
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

function restarts(inWorld: InWorld): void {
  inWorld(
    "a new run restores everything in one epoch, and ends what was ending",
    async (world, { store }) => {
      await deployReady(world, "cart", "mp-1");
      await deployReady(world, "payment", "mp-2");
      done(await world.lifecycle.createEnvironment({ name: "ops", members: { cart: "mp-1" } }));
      await world.until(() => environmentReady(world, "ops"), "environment ops");
      const gate = Promise.withResolvers<void>();
      world.readers.gate = gate.promise;
      done(await world.lifecycle.destroy("payment", "mp-2"));
      const before = world.table.epoch;
      await world.lifecycle.stop();

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
    },
  );

  inWorld("a run that is cut off anywhere is taken over by the next", async (world, { store }) => {
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

function storms(inWorld: InWorld): void {
  inWorld(
    "20 branches deployed, redeployed and destroyed at once converge, and leave nothing",
    async (world) => {
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
    },
  );
}

async function deployReady(
  world: TestWorld,
  service: string,
  key: string,
  more: Omit<Parameters<TestWorld["lifecycle"]["deploy"]>[0], "service" | "key"> = {},
): Promise<ReturnType<TestWorld["variant"]>> {
  const { generation } = done(await world.lifecycle.deploy({ service, key, ...more }));
  await world.until(
    () =>
      world.lifecycle
        .variant(service, key)
        ?.conditions.some(
          (each) => each.type === "Ready" && each.observedGeneration === generation,
        ) === true,
    "the generation to show",
  );
  return world.ready(service, key);
}

async function gone(world: TestWorld, service: string, key: string): Promise<void> {
  await world.until(
    () => world.lifecycle.variant(service, key) === undefined,
    () =>
      `${service}:${key} to be gone, but: ${JSON.stringify(world.lifecycle.variant(service, key))}`,
  );
}

function become(world: TestWorld, service: string, phase: "Ready" | "NotReady"): void {
  world.platform.become({ service, key: "mp-1", incarnation: 1 }, phase, "ended");
}

function environmentReady(world: TestWorld, name: string): boolean {
  const conditions = world.lifecycle.environment(name)?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
