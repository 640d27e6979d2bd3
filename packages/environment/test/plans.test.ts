import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { STABLE, canonicalTable, formatVariant, own } from "@cocktail/route";
import {
  decideDeleteEnvironment,
  decideEnvironment,
  defaultPolicy,
  formatIncarnation,
  isLive,
  planTable,
  planVariant,
  wholePlan,
} from "@cocktail/environment";
import {
  anyOperation,
  branchOperation,
  deployment,
  play,
  promotion,
  scenarios,
  startServices,
} from "./operations.ts";
import { type Step, World } from "./world.ts";

const runs = { numRuns: 300 };

function startedWorld(): World {
  const world = new World();
  startServices(world);
  world.settle();
  return world;
}

/** What remains at the end, whatever the numbers of incarnations on the way. */
function endState(world: World): unknown {
  const variants = Array.from(
    world.objects.variants.values(),
    ({ name, spec }) => `${name} r${spec.rollout}`,
  );
  const listed = Object.entries(world.table.services).flatMap(([service, entries]) =>
    Object.entries(entries).map(
      ([key, { tier, onUnavailable }]) => `${service}:${key} ${tier} ${onUnavailable}`,
    ),
  );
  const running = [...world.workloads].map(([name, { phase }]) => `${name.split("#")[0]} ${phase}`);
  return {
    variants: variants.toSorted(),
    listed: listed.toSorted(),
    running: running.toSorted(),
    environments: [...world.objects.environments.keys()].toSorted(),
    layers: world.table.environments,
    checkouts: [...world.checkouts].toSorted(),
  };
}

test("after convergence the plan is empty", () => {
  fc.assert(
    fc.property(scenarios(anyOperation), fc.infiniteStream(fc.nat(20)), (scenario, choices) => {
      const world = startedWorld();
      play(world, scenario);
      world.settle(() => pick(choices));
      for (const name of world.names()) {
        const waits = world.plan(name).ready.filter(({ kind }) => kind !== "AwaitReady");
        assert.deepEqual(waits, [], name);
      }
      const again = planTable(world.table, world.inputs(), world.layers());
      assert.equal(again.kind, "unchanged");
    }),
    runs,
  );
});

test("executing a whole plan leaves an empty plan", () => {
  fc.assert(
    fc.property(scenarios(branchOperation), fc.nat(), (scenario, at) => {
      const world = startedWorld();
      play(world, scenario);
      const names = world.names();
      const name = names[at % names.length] ?? "";
      world.fates.clear();
      const plan = wholePlan(world.facts(name));
      for (const action of plan) world.act(action);
      assert.deepEqual(world.plan(name).ready, [], JSON.stringify(plan));
    }),
    runs,
  );
});

test("nothing is left behind: only desired variants run, are listed and have records", () => {
  fc.assert(
    fc.property(scenarios(anyOperation), fc.boolean(), (scenario, inWaves) => {
      const world = startedWorld();
      play(world, scenario);
      if (inWaves) world.settleInWaves();
      else world.settle();
      const variants = [...world.objects.variants.values()];
      const wanted = new Set(variants.map((each) => each.name));
      assert.ok(variants.every(isLive), "a destroyed variant is remembered");
      assert.ok([...world.objects.environments.values()].every(isLive), "a deleted environment");
      for (const name of world.names())
        assert.ok(wanted.has(name), `${name} is listed or remembered`);
      for (const checkout of world.checkouts)
        assert.ok(wanted.has(checkout), `checkout of ${checkout}`);
      const alive = world.incarnations().filter(({ state }) => state !== "GONE");
      const known = new Set(alive.map(({ ref }) => formatIncarnation(ref)));
      for (const name of world.workloads.keys()) assert.ok(known.has(name), `${name} runs`);
      for (const { spec } of variants) {
        const { service, key } = spec;
        const own = alive.filter(({ ref }) => ref.service === service && ref.key === key);
        // One that serves, or did before a crash, and at most one on its way.
        assert.ok(own.length <= 2, `${service}:${key} has ${own.length}`);
        const active = own.filter(({ state }) => state === "ACTIVE");
        assert.ok(active.length <= 1, `${service}:${key} has ${active.length} active`);
      }
    }),
    runs,
  );
});

test("no plan stops or changes a stable variant because of a branch", () => {
  fc.assert(
    fc.property(scenarios(branchOperation), (scenario) => {
      const world = startedWorld();
      const stable = (): string =>
        JSON.stringify(Object.values(world.table.services).map((entries) => entries[STABLE]));
      const before = stable();
      const from = world.acted.length;
      play(world, scenario);
      world.settle();
      assert.equal(stable(), before);
      const touching = world.acted.slice(from).filter(isAboutStable);
      assert.deepEqual(touching, []);
    }),
    runs,
  );
});

function pick(choices: fc.Stream<number>): number {
  for (const choice of choices) return choice;
  return 0;
}

/** Waiting for readers changes nothing. */
function isAboutStable(action: Step): boolean {
  return "ref" in action && action.ref.key === STABLE;
}

test("plans do not depend on the order of their input", () => {
  fc.assert(
    fc.property(scenarios(anyOperation), fc.infiniteStream(fc.nat(1000)), (scenario, choices) => {
      const world = startedWorld();
      play(world, scenario);
      const shuffle = <T>(list: readonly T[]): readonly T[] =>
        list
          .map((item) => ({ item, by: pick(choices) }))
          .toSorted((one, other) => one.by - other.by)
          .map(({ item }) => item);
      const inputs = world.inputs();
      const plain = planTable(world.table, inputs, world.layers());
      const mixed = planTable(world.table, shuffle(inputs), shuffle(world.layers()));
      assert.equal(mixed.kind, plain.kind);
      if (plain.kind === "next" && mixed.kind === "next") {
        assert.deepEqual(mixed.table, plain.table);
        assert.equal(canonicalTable(mixed.table), canonicalTable(plain.table));
      }
      for (const { desired, observed } of inputs) {
        const turned = { ...observed, incarnations: shuffle(observed.incarnations) };
        const rest = { desired, now: world.now, policy: defaultPolicy };
        const plain = planVariant({ ...rest, observed });
        assert.deepEqual(planVariant({ ...rest, observed: turned }), plain);
      }
    }),
    runs,
  );
});

test("a crash after any step, then planning again, ends in the same state", () => {
  fc.assert(
    fc.property(
      scenarios(branchOperation),
      fc.nat(40),
      fc.boolean(),
      (scenario, steps, platform) => {
        const undisturbed = startedWorld();
        play(undisturbed, scenario);
        // A failed generation is tried again by a new run; here only what a crash itself changes is compared.
        undisturbed.fates.clear();
        const crashed = startedWorld();
        play(crashed, scenario);
        crashed.fates.clear();
        if (platform) {
          undisturbed.crash({ platform });
        }
        undisturbed.settle();
        for (let count = 0; count < steps; count++) {
          const action = crashed.ready()[0];
          if (action !== undefined) crashed.act(action);
        }
        crashed.crash({ platform });
        crashed.settle();
        assert.deepEqual(endState(crashed), endState(undisturbed));
      },
    ),
    runs,
  );
});

test("steps that are ready at the same time can be executed together", () => {
  fc.assert(
    fc.property(scenarios(anyOperation), fc.infiniteStream(fc.nat(20)), (scenario, choices) => {
      const oneByOne = startedWorld();
      play(oneByOne, scenario);
      const inWaves = startedWorld();
      play(inWaves, scenario);
      for (const world of [oneByOne, inWaves]) world.followFile();
      oneByOne.settle();
      inWaves.settleInWaves(() => pick(choices));
      assert.deepEqual(endState(inWaves), endState(oneByOne));
    }),
    runs,
  );
});

test("epochs are strictly increasing and every table is one that readers accept", () => {
  // The world asserts both on each publication; this asserts that there were some.
  let published = 0;
  fc.assert(
    fc.property(scenarios(anyOperation), (scenario) => {
      const world = startedWorld();
      play(world, scenario);
      world.settle();
      published += world.table.epoch;
    }),
    { numRuns: 100 },
  );
  assert.ok(published > 200, `only ${published} epochs`);
});

test("an environment opens in one epoch, and is deleted in one", () => {
  const world = startedWorld();
  const before = world.table.epoch;
  const ops = (): unknown => own(world.table.environments, "ops");
  const intents = ["cart", "payment"].map((service) => ({
    service,
    key: "mp-1",
    environment: "ops",
  }));
  for (const intent of intents) assert.ok(world.decided(deployment(world, intent)));
  // Both are pending; they get ready one after the other, the second one only later.
  settleExcept(world, "payment:mp-1");
  assert.equal(ops(), undefined, "opened before it is whole");
  world.settle();
  assert.deepEqual(ops(), { parent: STABLE, members: { cart: "mp-1", payment: "mp-1" } });
  assert.ok(world.table.epoch <= before + 2);

  const open = world.table.epoch;
  const intent = {
    name: "ops",
    keepVariants: false,
    discard: false,
    work: new Map<string, readonly string[]>(),
  };
  assert.ok(world.decided(decideDeleteEnvironment(world.objects, intent)));
  world.settle();
  assert.equal(world.table.epoch, open + 1);
  assert.deepEqual(Object.keys(world.table.environments), ["rc"]);
  assert.equal(world.workloads.size, 3, "only the stables run");
});

test("one deploy with an environment is one epoch, whatever the order of steps", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(20)), (choices) => {
      const world = startedWorld();
      const before = world.table.epoch;
      const intent = { service: "cart", key: "mp-1", environment: "ops" };
      assert.ok(world.decided(deployment(world, intent)));
      world.settle(() => pick(choices));
      assert.equal(world.table.epoch, before + 1);
      assert.deepEqual(world.table.environments["ops"]?.members, { cart: "mp-1" });
    }),
    { numRuns: 50 },
  );
});

test("an environment opens without a member that failed", () => {
  const world = startedWorld();
  world.fates.set("cart:mp-1", "failed");
  const intent = { service: "cart", key: "mp-1", environment: "ops" };
  assert.ok(world.decided(deployment(world, intent)));
  world.settle();
  assert.deepEqual(own(world.table.environments, "ops")?.members, { cart: "mp-1" });
  assert.equal(own(world.table.environments, "mp-1"), undefined);
});

test("a ready incarnation of an earlier deploy is not listed", () => {
  const world = startedWorld();
  const intent = { service: "cart", key: "mp-1" };
  world.decided(deployment(world, intent));
  for (let step = 0; step < 3; step++) {
    const [action] = world.plan("cart:mp-1").ready;
    if (action !== undefined) world.act(action);
  }
  assert.equal(world.workloads.get("cart:mp-1#1")?.phase, "Ready");
  world.decided(deployment(world, intent));
  const plan = planTable(world.table, world.inputs(), world.layers());
  assert.equal(plan.kind, "unchanged");
});

test("an environment of ready variants is one epoch", () => {
  const world = startedWorld();
  for (const service of ["cart", "payment"]) {
    world.decided(deployment(world, { service, key: `of-${service}` }));
  }
  world.settle();
  const before = world.table.epoch;
  const members = { cart: "of-cart", payment: "of-payment" };
  assert.ok(
    world.decided(decideEnvironment(world.objects, { name: "ops", members }, "create", world.now)),
  );
  world.settle();
  assert.equal(world.table.epoch, before + 1);
});

test("a promotion swaps stable and empties rc in one epoch, at any order of steps", () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(20)), (choices) => {
      const world = startedWorld();
      world.decided(deployment(world, { service: "cart", key: "rc" }));
      world.settle();
      const before = world.table;
      assert.equal(before.environments["rc"]?.members["cart"], "rc");
      assert.ok(world.decided(promotion(world, "cart")));
      world.settle(() => pick(choices));
      assert.equal(world.table.epoch, before.epoch + 1);
      assert.deepEqual(Object.keys(world.table.services["cart"] ?? {}), [STABLE]);
      assert.equal(world.table.services["cart"]?.[STABLE]?.incarnation, 2);
      assert.deepEqual(world.table.environments["rc"]?.members, {});
      assert.deepEqual(
        [...world.workloads.keys()].filter((name) => name.startsWith("cart")),
        ["cart:stable#2"],
      );
    }),
    { numRuns: 50 },
  );
});

test("a failed promotion leaves stable and rc unchanged, and is recorded", () => {
  const world = startedWorld();
  world.decided(deployment(world, { service: "cart", key: "rc" }));
  world.settle();
  const before = world.table.epoch;
  world.fates.set("cart:stable", "failed");
  world.decided(promotion(world, "cart"));
  world.settle();
  assert.equal(world.table.epoch, before);
  assert.equal(world.table.services["cart"]?.["rc"]?.incarnation, 1);
  assert.equal(world.workloads.get("cart:stable#1")?.phase, "Ready");
  assert.deepEqual(
    world
      .incarnations()
      .filter(({ failure }) => failure !== undefined)
      .map(({ ref }) => formatIncarnation(ref)),
    ["cart:stable#2"],
  );
});

function settleExcept(world: World, name: string): void {
  for (let steps = 0; steps < 200; steps++) {
    const action = world
      .ready()
      .find((each) => !("ref" in each) || formatVariant(each.ref.service, each.ref.key) !== name);
    if (action === undefined) return;
    world.act(action);
  }
}
