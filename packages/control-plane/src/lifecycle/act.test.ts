import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Action,
  type StateChange,
  decideDeploy,
  decideDestroy,
  decideEnvironment,
  decidePromote,
  newIncarnation,
} from "@cocktail/environment";
import { emptyTable } from "@cocktail/route";
import { MemoryStore } from "../store/memory/memory-store.ts";
import { act } from "./act.ts";
import { type Core, createCore } from "./core.ts";
import { observeVariant } from "./observe.ts";
import { SimulatedPlatform } from "./testing/simulated-platform.ts";
import { SimulatedReaders } from "./testing/simulated-readers.ts";
import { shop } from "./testing/world.ts";

// Between a plan and its actions somebody may have changed what is wanted: each action looks again.

const ref = { service: "cart", key: "mp-1", number: 1 };
const calls = { again: () => {}, againLater: () => 0, publish: () => {} };

interface Made {
  readonly core: Core;
  readonly platform: SimulatedPlatform;
  readonly store: MemoryStore;
}

async function coreWith(changes: readonly StateChange[] = []): Promise<Made> {
  const platform = new SimulatedPlatform();
  const store = new MemoryStore();
  const readers = new SimulatedReaders();
  const core = createCore({ store, platform, readers, domain: "localhost", run: "r" }, () => {});
  await store.write(shop().map((service) => ({ kind: "PutService", service })));
  await store.write(changes);
  return { core, platform, store };
}

/** Deploys, and makes the incarnation of that deploy. */
async function deployed(core: Core): Promise<void> {
  await core.state.update(({ state }) => {
    const decision = decideDeploy(state, { service: "cart", key: "mp-1" }, 0);
    assert.ok(decision.kind === "decided");
    return decision;
  });
  await act(core, "", { kind: "CreateIncarnation", ref, generation: 1 }, calls);
}

async function destroyed(core: Core): Promise<void> {
  const wish = { service: "cart", key: "mp-1", discard: false, uncommittedWork: false };
  await core.state.update(({ state }) => {
    const decision = decideDestroy(state, wish);
    assert.ok(decision.kind === "decided");
    return decision;
  });
}

test("an incarnation of an earlier deploy is not started as one of the next", async () => {
  const { core, platform } = await coreWith();
  await deployed(core);
  const ensure: Action = { kind: "EnsureWorkload", ref, from: "" };
  await core.state.update(({ state }) => {
    const decision = decideDeploy(state, { service: "cart", key: "mp-1", env: { NEXT: "1" } }, 0);
    assert.ok(decision.kind === "decided");
    return decision;
  });
  await act(core, "", ensure, calls);
  assert.deepEqual(platform.specs, []);
});

test("an incarnation is made once, and only of the newest deploy", async () => {
  const { core } = await coreWith();
  await deployed(core);
  await act(core, "", { kind: "CreateIncarnation", ref, generation: 1 }, calls);
  const next = { ...ref, number: 2 };
  await act(core, "", { kind: "CreateIncarnation", ref: next, generation: 9 }, calls);
  const { state } = await core.state.fresh();
  assert.deepEqual(
    state.incarnations.map(({ number }) => number),
    [1],
  );
});

test("a state that has moved on is not recorded over", async () => {
  const { core } = await coreWith();
  await deployed(core);
  const record = {
    kind: "RecordState",
    ref,
    event: "replaced",
    from: "ACTIVE",
    to: "DRAINING",
  } as const;
  await act(core, "", record, calls);
  assert.equal((await core.state.fresh()).state.incarnations[0]?.state, "PENDING");
});

test("what is wanted again is neither forgotten nor expired", async () => {
  const { core } = await coreWith();
  await deployed(core);
  await core.state.update(({ state }) => {
    const decision = decideEnvironment(
      state,
      { name: "ops", ttlSeconds: 60 },
      "create",
      Date.now(),
    );
    assert.ok(decision.kind === "decided");
    return decision;
  });
  await act(core, "", { kind: "ForgetVariant", target: "cart:mp-1" }, calls);
  await act(core, "", { kind: "DestroyVariant", target: "cart:mp-1", reason: "Expired" }, calls);
  await act(core, "", { kind: "DestroyVariant", target: "cart:mp-1", reason: "Promoted" }, calls);
  await act(core, "", { kind: "DestroyEnvironment", target: "ops", reason: "Expired" }, calls);
  const { state } = await core.state.fresh();
  assert.equal(state.variants[0]?.deleted, false);
  assert.deepEqual(
    state.environments.map(({ name }) => name),
    ["ops"],
  );
});

test("what is wanted again keeps its checkout", async () => {
  const { core, platform } = await coreWith();
  await deployed(core);
  platform.checkouts.add("cart:mp-1");
  const release = { kind: "ReleaseVariant", target: "cart:mp-1", discard: false } as const;
  await act(core, "", release, calls);
  assert.ok(platform.checkouts.has("cart:mp-1"));
  assert.ok(!core.knowledge.released.has("cart:mp-1"));
  await destroyed(core);
  await act(core, "", release, calls);
  assert.deepEqual([...platform.checkouts], []);
});

test("what enters the table and leaves it before anybody looked is recorded as one that served", async () => {
  const { core, platform } = await coreWith();
  await deployed(core);
  await act(core, "", { kind: "EnsureWorkload", ref, from: "" }, calls);
  platform.become({ service: "cart", key: "mp-1", incarnation: 1 }, "Ready");
  await core.writer.publish();
  assert.ok(core.writer.table.services["cart"]?.["mp-1"]);
  await destroyed(core);
  await core.writer.publish();
  assert.equal(core.writer.table.services["cart"], undefined);
  const { state } = await core.state.fresh();
  // Not PENDING: that would be removed at once, with requests in flight.
  assert.equal(state.incarnations[0]?.state, "ACTIVE");
});

test("a candidate counts as promoted when the table says so, not when stable is about to be ready", async () => {
  const { core, platform, store } = await coreWith();
  const candidate = { incarnation: 1, tier: "rc", revision: "abc", onUnavailable: "Fail" } as const;
  const table = { ...emptyTable("00000000"), services: { cart: { rc: candidate } } };
  await store.append(0, table);
  await core.writer.head();
  await core.state.update(({ state }) => {
    const decision = decideDeploy(state, { service: "cart", key: "rc" }, 0);
    assert.ok(decision.kind === "decided");
    const incarnation = newIncarnation(decision.variant, 1, { run: "r", now: 0 });
    return {
      changes: [
        ...decision.changes,
        { kind: "PutIncarnation", incarnation: { ...incarnation, state: "ACTIVE" } },
      ],
    };
  });
  await core.state.update(({ state }) => {
    const decision = decidePromote(state, core.writer.table, "cart", 0);
    assert.ok(decision.kind === "decided");
    const incarnation = newIncarnation(decision.variant, 1, { run: "r", now: 0 });
    return { changes: [...decision.changes, { kind: "PutIncarnation", incarnation }] };
  });
  const stable = { service: "cart", key: "stable", incarnation: 1 };
  await platform.ensureWorkload({ ...stable, source: { kind: "service" }, env: {} });
  platform.become(stable, "Ready");
  const name = { service: "cart", key: "rc" };
  assert.equal(observeVariant(core.sources(), name).observed.promoted, undefined);
  await core.writer.publish();
  assert.equal(observeVariant(core.sources(), name).observed.promoted, 1);
  assert.deepEqual(Object.keys(core.writer.table.services["cart"] ?? {}), ["stable"]);
});
