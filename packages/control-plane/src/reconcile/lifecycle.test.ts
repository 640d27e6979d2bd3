import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { DeployRequest, Variant } from "@cocktail/client";
import type { DesiredService } from "@cocktail/environment";
import { own, parseVariant, type RouteTable } from "@cocktail/route";
import type { LifecycleService } from "../lifecycle/lifecycle-service.ts";
import { StoreUnavailable } from "../store/errors.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import { SimulatedPlatform, SimulatedReaders } from "../testing/simulated-platform.ts";
import { createLifecycleService } from "./create-lifecycle-service.ts";

const services: readonly DesiredService[] = ["cart", "payment", "front"].map((name, position) => ({
  name,
  position,
  entry: name === "front",
  protocol: "auto",
  path: `/src/${name}`,
  source: { kind: "service" },
  command: ["run"],
  env: {},
  entryHash: "1",
}));

interface World extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly platform: SimulatedPlatform;
  readonly lifecycle: LifecycleService;
  now: number;
  readonly epochs: readonly number[];
  key(name: string): number | undefined;
  deploy(request: DeployRequest): Promise<void>;
}

async function openWorld(store: MemoryStore = new MemoryStore()): Promise<World> {
  const platform = new SimulatedPlatform();
  const clock = { now: Date.now() };
  const epochs: number[] = [];
  const append = store.append.bind(store);
  store.append = async (expected, content) => {
    const outcome = await append(expected, content);
    if (outcome.kind === "appended") epochs.push(outcome.table.epoch);
    return outcome;
  };
  let table: () => RouteTable = () => {
    throw new Error("too early");
  };
  const lifecycle = createLifecycleService({
    store,
    platform,
    readers: new SimulatedReaders(platform, () => table()),
    domain: "localhost",
    edge: () => "http://localhost:8080",
    clock: () => clock.now,
  });
  table = () => lifecycle.table();
  await lifecycle.syncServices(services);
  await lifecycle.start();
  await until("stable to settle", () => lifecycle.isSettled());
  return {
    store,
    platform,
    lifecycle,
    epochs,
    get now() {
      return clock.now;
    },
    set now(value) {
      clock.now = value;
    },
    key: (name) => {
      const { service = "", key = "" } = parseVariant(name) ?? {};
      return own(own(lifecycle.table().services, service) ?? {}, key)?.incarnation;
    },
    deploy: async (request) => {
      const answer = await lifecycle.deploy(request);
      assert.equal(answer.kind, "done", JSON.stringify(answer));
    },
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await turn();
  }
}

function readyOf(variant: Variant | undefined): string {
  const ready = variant?.conditions.find(({ type }) => type === "Ready");
  return `${ready?.status} ${ready?.reason} ${ready?.observedGeneration}`;
}

function isReady({ lifecycle }: World, name: string, generation: number): boolean {
  const { service = "", key = "" } = parseVariant(name) ?? {};
  return readyOf(lifecycle.variant(service, key)) === `True Serving ${generation}`;
}

test("stable is served from the file, each service ready", async () => {
  await using world = await openWorld();
  assert.deepEqual(
    world.lifecycle.variants().map((variant) => `${variant.name} ${readyOf(variant)}`),
    ["cart:stable", "front:stable", "payment:stable"].map((name) => `${name} True Serving 1`),
  );
});

test("a branch is deployed, redeployed beside the old, and destroyed with nothing left", async () => {
  await using world = await openWorld();
  const { lifecycle, platform, store } = world;
  await world.deploy({ service: "cart", branch: "feature/mp-1-x" });
  await until("mp-1", () => isReady(world, "cart:mp-1", 1));
  const before = world.epochs.length;
  await world.deploy({ service: "cart", key: "mp-1", env: { A: "2" } });
  await until("the next incarnation", () => isReady(world, "cart:mp-1", 2));
  assert.equal(world.key("cart:mp-1"), 2);
  assert.equal(world.epochs.length, before + 1, "one epoch swaps them");
  await until("the old to be stopped", () => platform.events.includes("stop cart:mp-1#1"));
  assert.ok(
    platform.events.indexOf("drain cart:mp-1#1") < platform.events.indexOf("stop cart:mp-1#1"),
  );
  const gone = await lifecycle.destroy("cart", "mp-1");
  assert.equal(gone.kind === "done" && gone.value.outcome, "deleted");
  await until("it to be forgotten", () => lifecycle.variant("cart", "mp-1") === undefined);
  assert.deepEqual(
    (await store.load()).incarnations.map(({ key }) => key),
    ["stable", "stable", "stable"],
  );
  assert.equal(world.key("cart:stable"), 1);
  assert.equal(platform.workloads.size, 3);
  assert.ok(platform.events.some((event) => event.endsWith(" last")));
  const again = await lifecycle.destroy("cart", "mp-1");
  assert.equal(again.kind === "done" && again.value.outcome, "already absent");
});

test("a redeploy that fails leaves the old serving and says so", async () => {
  await using world = await openWorld();
  const { lifecycle, platform } = world;
  await world.deploy({ service: "cart", key: "mp-1" });
  await until("mp-1", () => isReady(world, "cart:mp-1", 1));
  platform.fate = () => "Failed";
  await world.deploy({ service: "cart", key: "mp-1" });
  await until("the failure", () =>
    readyOf(lifecycle.variant("cart", "mp-1")).startsWith("False WorkloadFailed 2"),
  );
  assert.equal(world.key("cart:mp-1"), 1);
  assert.ok(lifecycle.variant("cart", "mp-1")?.conditions.some(({ type }) => type === "Degraded"));
});

test("promoting the candidate is one epoch: stable has its revision, rc is empty", async () => {
  await using world = await openWorld();
  const { lifecycle } = world;
  await world.deploy({ service: "cart", key: "rc", source: { kind: "directory", path: "/rc" } });
  await until("rc", () => isReady(world, "cart:rc", 1));
  const before = world.epochs.length;
  const answer = await lifecycle.promote("cart");
  assert.equal(answer.kind, "done", JSON.stringify(answer));
  await until("stable", () => isReady(world, "cart:stable", 2));
  await until("rc to be gone", () => lifecycle.variant("cart", "rc") === undefined);
  assert.equal(world.key("cart:rc"), undefined);
  assert.equal(world.epochs.length, before + 1);
  assert.equal(lifecycle.service("cart")?.promoted, true);
});

test("an environment of two members opens in one epoch, and ends with its lifetime", async () => {
  await using world = await openWorld();
  const { lifecycle } = world;
  await world.deploy({ service: "cart", key: "mp-1", environment: "ops-1", ttlSeconds: 60 });
  await world.deploy({ service: "payment", key: "mp-2", environment: "ops-1", ttlSeconds: 60 });
  await until("the environment", () => lifecycle.explain("ops-1")?.ready === true);
  assert.deepEqual(lifecycle.table().environments["ops-1"], {
    parent: "stable",
    members: { cart: "mp-1", payment: "mp-2" },
  });
  world.now += 61_000;
  // Time passes; whatever wakes the objects finds it.
  world.platform.set({ service: "cart", key: "mp-1", incarnation: 1 }, "Ready");
  world.platform.set({ service: "payment", key: "mp-2", incarnation: 1 }, "Ready");
  await until("the branches to end", () => world.platform.workloads.size === 3);
});

test("a crashed branch keeps its place; one that falls back leaves the table until it is up", async () => {
  await using world = await openWorld();
  const { platform } = world;
  await world.deploy({ service: "cart", key: "mp-1" });
  await world.deploy({ service: "cart", key: "mp-2", onUnavailable: "Fallback" });
  await until("both", () => isReady(world, "cart:mp-1", 1) && isReady(world, "cart:mp-2", 1));
  platform.set({ service: "cart", key: "mp-1", incarnation: 1 }, "NotReady");
  platform.set({ service: "cart", key: "mp-2", incarnation: 1 }, "NotReady");
  await until("mp-2 to leave", () => world.key("cart:mp-2") === undefined);
  assert.equal(world.key("cart:mp-1"), 1);
  platform.set({ service: "cart", key: "mp-2", incarnation: 1 }, "Ready");
  await until("mp-2 to be back", () => world.key("cart:mp-2") === 1);
});

test("the next run restores branches and environments", async () => {
  const store = new MemoryStore();
  {
    await using world = await openWorld(store);
    await world.deploy({ service: "cart", key: "mp-1", environment: "ops-1" });
    await until("mp-1", () => isReady(world, "cart:mp-1", 1));
  }
  await using next = await openWorld(store);
  assert.deepEqual(next.lifecycle.restored(), ["cart:mp-1", "environment ops-1"]);
  await until("mp-1 to be restored", () => isReady(next, "cart:mp-1", 1));
  assert.equal(next.key("cart:mp-1"), 2, "a new incarnation of the same generation");
});

test("20 branches at once, each redeployed and deleted, converge with nothing left", async () => {
  await using world = await openWorld();
  const { lifecycle, platform } = world;
  const keys = Array.from({ length: 20 }, (_, index) => `mp-${index + 1}`);
  await Promise.all(
    keys.map(async (key) => {
      await world.deploy({ service: "cart", key });
      await world.deploy({ service: "cart", key, env: { A: "2" } });
      await until(key, () => isReady(world, `cart:${key}`, 2));
      await lifecycle.destroy("cart", key);
    }),
  );
  await until("all to be gone", () => lifecycle.variants().length === 3);
  assert.equal(platform.workloads.size, 3);
  assert.deepEqual(
    world.epochs,
    world.epochs.map((_, index) => (world.epochs[0] ?? 0) + index),
  );
});

test("while the store is away changes are refused as retryable, and go on when it is back", async () => {
  await using world = await openWorld();
  const { lifecycle, store } = world;
  const write = store.write.bind(store);
  store.write = () => Promise.reject(new StoreUnavailable("it was stopped"));
  await assert.rejects(lifecycle.deploy({ service: "cart", key: "mp-1" }), StoreUnavailable);
  store.write = write;
  await world.deploy({ service: "cart", key: "mp-1" });
  await until("mp-1", () => isReady(world, "cart:mp-1", 1));
});

test("a dry run answers the plan and changes nothing", async () => {
  await using world = await openWorld();
  const answer = await world.lifecycle.deploy({ service: "cart", key: "mp-1", dryRun: true });
  assert.equal(answer.kind, "done");
  const kinds = answer.kind === "done" ? answer.value.plan.map(({ kind }) => kind) : [];
  assert.deepEqual(
    ["EnsureWorkload", "AwaitReady", "PublishTable", "AwaitReaders", "ProbeRoute"].filter(
      (kind) => !kinds.includes(kind),
    ),
    [],
  );
  assert.equal(world.lifecycle.variant("cart", "mp-1"), undefined);
  assert.deepEqual(world.platform.events.length, 3);
});

test("work that is not committed is not destroyed without --discard", async () => {
  await using world = await openWorld();
  const { lifecycle, platform } = world;
  await world.deploy({ service: "cart", branch: "feature/mp-1" });
  platform.uncommitted.add("cart:mp-1");
  const refused = await lifecycle.destroy("cart", "mp-1");
  assert.equal(refused.kind === "refused" && refused.refusal.code, "UNCOMMITTED_WORK");
  const done = await lifecycle.destroy("cart", "mp-1", { discard: true });
  assert.equal(done.kind, "done");
  await until("it to be gone", () => lifecycle.variant("cart", "mp-1") === undefined);
});
