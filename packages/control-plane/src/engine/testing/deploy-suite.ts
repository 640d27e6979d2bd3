import assert from "node:assert/strict";
import { ControlPlaneError } from "../../errors.ts";
import { type It, deployReady, become, turns } from "./steps.ts";
import { done, refusal } from "./world.ts";

export function starts(it: It): void {
  it("every stable starts in one epoch", async (world) => {
    assert.equal(world.table.epoch, 1);
    await world.ready("cart", "stable");
    assert.deepEqual(world.running(), ["cart:stable#1", "payment:stable#1", "storefront:stable#1"]);
    assert.equal(world.variant("storefront", "stable").url, "http://storefront.localhost:8080");
    assert.equal(world.variant("cart", "stable").url, undefined);
  });

  it("changes are refused after the stop, views are not", async (world) => {
    await world.lifecycle.stop();
    await assert.rejects(world.lifecycle.deploy({ service: "cart", key: "mp-1" }), (error) =>
      ControlPlaneError.is(error, "NOT_READY"),
    );
    assert.equal(world.lifecycle.services().length, 3);
  });
}

export function deploys(it: It): void {
  it("a branch is created, listed in one epoch and probed", async (world) => {
    const before = world.table.epoch;
    const request = { service: "cart", branch: "feature/mp-101-x" };
    const { plan } = done(await world.lifecycle.deploy({ ...request, dryRun: true }));
    const result = done(await world.lifecycle.deploy(request));
    assert.equal(result.outcome, "created");
    assert.deepEqual(result.plan, []);
    assert.equal(result.variant.name, "cart:mp-101");
    assert.deepEqual(
      plan.map(({ kind }) => kind),
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

  it("a redeploy swaps incarnations in one epoch, and stops the old one after its drain", async (world) => {
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

  it("nothing is stopped before every gateway holds the table", async (world) => {
    await deployReady(world, "cart", "mp-1");
    const gate = Promise.withResolvers<void>();
    world.readers.gate = gate.promise;
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.until(() => world.listed("cart", "mp-1") === 2, "the swap");
    await world.until(
      () => world.condition("cart", "mp-1") === "False AwaitingReaders",
      "the condition",
    );
    await turns(50);
    assert.ok(world.running().includes("cart:mp-1#1"));
    gate.resolve();
    await world.ready("cart", "mp-1");
    await world.until(() => !world.running().includes("cart:mp-1#1"), "the old one to go");
  });

  it("after a failed redeploy the old incarnation keeps serving, and conditions say so", async (world) => {
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

  it("a failed first deploy keeps its record, and nothing runs", async (world) => {
    world.platform.behaviours.set("cart:mp-1", { becomes: "CrashLoop" });
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.until(() => world.variant("cart", "mp-1").state === "GONE", "the failure");
    await world.until(() => world.running().length === 3, "its workload to go");
    assert.equal(world.condition("cart", "mp-1"), "False CrashLoop");
    assert.equal(world.table.environments["mp-1"], undefined);
    const explanation = world.lifecycle.explain("mp-1");
    assert.equal(explanation?.ready, false);
    assert.equal(explanation?.reason, "CrashLoop");
    assert.equal(explanation?.params["variant"], "cart:mp-1");
  });

  it("a variant that is down stays in the table; with Fallback it leaves and returns", async (world) => {
    await deployReady(world, "cart", "mp-1");
    await deployReady(world, "payment", "mp-1", { onUnavailable: "Fallback" });
    const before = world.table.epoch;
    become(world, "cart", "NotReady");
    await world.until(() => world.condition("cart", "mp-1") === "False NotReady", "the condition");
    assert.equal(world.listed("cart", "mp-1"), 1);
    become(world, "payment", "NotReady");
    await world.until(() => world.listed("payment", "mp-1") === undefined, "the withdrawal");
    assert.equal(world.table.epoch, before + 1);
    assert.equal(world.table.environments["mp-1"]?.members["payment"], "mp-1");
    become(world, "payment", "Ready");
    await world.until(() => world.listed("payment", "mp-1") === 1, "the return");
    assert.equal(world.table.epoch, before + 2);
  });

  it("a refusal stores nothing: another branch, stable, what the platform can't run", async (world) => {
    await deployReady(world, "cart", "mp-101", { branch: "feature/mp-101-a" });
    const deploy = world.lifecycle.deploy.bind(world.lifecycle);
    const other = { service: "cart", branch: "feature/mp-101-b" };
    assert.equal(refusal(await deploy(other)), "CONFLICT KeyConflict");
    const own = { service: "cart", key: "mp-101", source: { kind: "service" } } as const;
    assert.equal(refusal(await deploy(own)), "CONFLICT KeyConflict");
    assert.equal(refusal(await deploy({ service: "cart", key: "stable" })), "REFUSED ReservedKey");
    assert.equal(refusal(await deploy({ service: "cart", key: "payment" })), "CONFLICT NameTaken");
    assert.equal(refusal(await deploy({ service: "cart" })), "INVALID InvalidRequest");
    world.platform.refusals.set("cart:mp-9", { reason: "NoRepository", params: {} });
    assert.equal(
      refusal(await deploy({ service: "cart", key: "mp-9" })),
      "NO_REPOSITORY NoRepository",
    );
    assert.equal(world.lifecycle.variant("cart", "mp-9"), undefined);
    assert.equal(world.variant("cart", "mp-101").branch, "feature/mp-101-a");
    done(await deploy({ ...other, replace: true }));
    assert.equal(world.variant("cart", "mp-101").branch, "feature/mp-101-b");
  });

  it("a dry run returns the plan and changes nothing", async (world) => {
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

  it("a probe that another incarnation answers is retried, and Ready waits for it", async (world) => {
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

  it("a late probe of the old incarnation doesn't affect the new one", async (world) => {
    const late = Promise.withResolvers<{ ok: true }>();
    world.readers.probeResult = ({ incarnation }) =>
      incarnation === 1 ? late.promise : { ok: true };
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.until(() => world.readers.calls.includes("probe cart:mp-1#1"), "the first probe");
    done(await world.lifecycle.deploy({ service: "cart", key: "mp-1" }));
    await world.ready("cart", "mp-1");
    late.resolve({ ok: true });
    await turns(20);
    assert.equal(world.condition("cart", "mp-1"), "True Serving");
    const probes = world.readers.calls.filter((call) => call === "probe cart:mp-1#2");
    assert.equal(probes.length, 1);
  });

  it("a transient failure of the platform is retried", async (world) => {
    world.platform.failNext(3);
    await deployReady(world, "cart", "mp-1");
  });
}
