import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Actor,
  type DeployIntent,
  type StatusAction,
  type VariantStatus,
  type Write,
  decideDeploy,
  decideDestroy,
  decideEnvironment,
  decidePromote,
  isStatusAction,
  newIncarnation,
  planVariant,
} from "@cocktail/environment";
import { type RouteTable, emptyTable } from "@cocktail/route";
import { MemoryStore } from "../store/memory/memory-store.ts";
import { act } from "./act.ts";
import { type Core, type CoreEvents, createCore } from "./core.ts";
import { execute } from "./execute.ts";
import { promotedOf } from "./observe.ts";
import { factsOf, recordLate, writeVariantStatus } from "./status-writer.ts";
import { SimulatedPlatform } from "./testing/simulated-platform.ts";
import { SimulatedReaders } from "./testing/simulated-readers.ts";

// The object may change between a plan and its actions, so each action reads it again.

const name = { service: "cart", key: "mp-1" };
const ref = { ...name, incarnation: 1 };
const calls = { again: () => {}, againLater: () => 0, publish: () => {} };
const actor: Actor = { name: "test" };

interface Made extends AsyncDisposable {
  readonly core: Core;
  readonly platform: SimulatedPlatform;
  readonly store: MemoryStore;
}

async function made(table?: RouteTable): Promise<Made> {
  const platform = new SimulatedPlatform();
  const store = new MemoryStore();
  const readers = new SimulatedReaders();
  if (table !== undefined) await store.tables.append(0, table);
  const events: CoreEvents = {
    cacheChanged: () => {},
    published: () => {},
    record: (step) => recordLate(core, step),
  };
  const { objects, tables } = store;
  const core: Core = createCore({ objects, tables, platform, readers }, events);
  await core.writer.head();
  await core.cache.start();
  return {
    core,
    platform,
    store,
    async [Symbol.asyncDispose]() {
      core.background.stop();
      await store.close();
    },
  };
}

async function write(core: Core, decision: { readonly kind: string }): Promise<void> {
  assert.ok(decision.kind === "decided" && "writes" in decision, JSON.stringify(decision));
  assert.equal(await execute(core, decision.writes as readonly Write[], actor), "done");
}

async function deploy(core: Core, intent: DeployIntent = name): Promise<void> {
  await write(core, decideDeploy(core.cache.index, { ...intent, source: { kind: "service" } }, 0));
}

/** Deploys, and makes the incarnation of that deploy. */
async function deployed(core: Core): Promise<void> {
  await deploy(core);
  await changeStatus(core, planned(core));
}

async function destroyed(core: Core): Promise<void> {
  const intent = { ...name, discard: false, work: [] };
  await write(core, decideDestroy(core.cache.index, intent));
}

function planned(core: Core): readonly StatusAction[] {
  return planVariant(factsOf(core, name)).ready.filter(isStatusAction);
}

async function changeStatus(core: Core, actions: readonly StatusAction[]): Promise<string> {
  const object = core.cache.index.variants.get("cart:mp-1");
  assert.ok(object);
  return writeVariantStatus(core, object, factsOf(core, name), actions);
}

function statusOf(core: Core, variant = "cart:mp-1"): VariantStatus | undefined {
  return core.cache.index.variants.get(variant)?.status;
}

test("an incarnation of an earlier deploy is not started as one of the next", async () => {
  await using it = await made();
  await deployed(it.core);
  await deploy(it.core);
  await act(it.core, "", { kind: "EnsureWorkload", ref }, calls);
  assert.deepEqual(it.platform.specs, []);
});

test("an incarnation is created once, and only on the version of the object that was planned for", async () => {
  await using it = await made();
  const { core, store } = it;
  await deploy(core);
  const actions = planned(core);
  const object = core.cache.index.variants.get("cart:mp-1");
  const facts = factsOf(core, name);
  assert.ok(object);
  assert.equal(await writeVariantStatus(core, object, facts, actions), "written");
  assert.equal(await writeVariantStatus(core, object, facts, actions), "stale");
  const stored = await store.objects.get("ServiceVariant", "cart:mp-1");
  assert.deepEqual(
    stored?.status?.incarnations.map(({ number }) => number),
    [1],
  );
});

test("a status is not written if a deploy came in between", async () => {
  await using it = await made();
  const { core, store } = it;
  await deployed(core);
  const object = core.cache.index.variants.get("cart:mp-1");
  const facts = factsOf(core, name);
  await deploy(core);
  assert.ok(object);
  const forget = { kind: "ForgetIncarnation", ref } as const;
  assert.equal(await writeVariantStatus(core, object, facts, [forget]), "stale");
  const stored = await store.objects.get("ServiceVariant", "cart:mp-1");
  assert.equal(stored?.generation, 2);
  assert.equal(stored.status?.observedGeneration, 1);
});

test("a stale step doesn't overwrite a later state", async () => {
  await using it = await made();
  await deployed(it.core);
  const step = { kind: "RecordState", ref, event: "replaced" } as const;
  await recordLate(it.core, { ...step, from: "ACTIVE", to: "DRAINING" });
  assert.equal(statusOf(it.core)?.incarnations[0]?.state, "PENDING");
});

test("a variant that is desired again is neither removed nor expired", async () => {
  await using it = await made();
  const { core } = it;
  await deployed(core);
  const ops = { name: "ops", ttlSeconds: 60 };
  await write(core, decideEnvironment(core.cache.index, ops, "create", Date.now()));
  const target = "cart:mp-1";
  await act(core, "", { kind: "ForgetVariant", target }, calls);
  for (const reason of ["Expired", "Promoted", "Requested"] as const) {
    await act(core, "", { kind: "DestroyVariant", target, reason }, calls);
  }
  await act(core, "", { kind: "DestroyEnvironment", target: "ops", reason: "Expired" }, calls);
  await act(core, "", { kind: "ForgetEnvironment", target: "ops" }, calls);
  assert.equal(core.cache.index.variants.get(target)?.deletedAt, undefined);
  const environment = core.cache.index.environments.get("ops");
  assert.ok(environment !== undefined && environment.deletedAt === undefined);
});

test("an object with an incarnation is not released, even if that was planned", async () => {
  await using it = await made();
  const { core, store } = it;
  const target = "cart:mp-1";
  await deployed(core);
  await destroyed(core);
  await act(core, "", { kind: "ForgetVariant", target }, calls);
  assert.ok(await store.objects.get("ServiceVariant", target));
  await changeStatus(core, [{ kind: "ForgetIncarnation", ref }]);
  await act(core, "", { kind: "ForgetVariant", target }, calls);
  assert.equal(await store.objects.get("ServiceVariant", target), undefined);
});

test("a variant that is desired again keeps its checkout", async () => {
  await using it = await made();
  const { core, platform } = it;
  await deployed(core);
  platform.checkouts.add("cart:mp-1");
  const release = { kind: "ReleaseVariant", target: "cart:mp-1", discard: false } as const;
  await act(core, "", release, calls);
  assert.ok(platform.checkouts.has("cart:mp-1"));
  assert.ok(!core.facts.released.has("cart:mp-1"));
  await destroyed(core);
  await act(core, "", release, calls);
  assert.deepEqual([...platform.checkouts], []);
});

test("an incarnation that entered and left the table between two reconciles is recorded as served", async () => {
  await using it = await made();
  const { core, platform } = it;
  await deployed(core);
  await act(core, "", { kind: "EnsureWorkload", ref }, calls);
  platform.become(ref, "Ready");
  core.factsChanged();
  await core.writer.publish();
  assert.ok(core.writer.table.services["cart"]?.["mp-1"]);
  await destroyed(core);
  await core.writer.publish();
  assert.equal(core.writer.table.services["cart"], undefined);
  // Not PENDING: that would be removed at once, with requests in flight.
  assert.equal(statusOf(core)?.incarnations[0]?.state, "ACTIVE");
});

test("a candidate counts as promoted once the table lists stable, not before", async () => {
  const candidate = { incarnation: 1, tier: "rc", revision: "abc", onUnavailable: "Fail" } as const;
  await using it = await made({
    ...emptyTable("00000000"),
    services: { cart: { rc: candidate } },
  });
  const { core, platform, store } = it;
  const incarnate = async (variant: string, state: "ACTIVE" | "PENDING"): Promise<void> => {
    const object = await core.cache.fresh("ServiceVariant", variant);
    assert.ok(object);
    const { spec, generation } = object;
    const record = { ...newIncarnation(spec, 1, { host: platform.host, now: 0 }), state };
    const status = { observedGeneration: generation, conditions: [], lastIncarnation: 1 };
    await store.objects.writeStatus(object, { ...status, incarnations: [record] });
    await core.cache.fresh("ServiceVariant", variant);
  };
  await deploy(core, { service: "cart", key: "rc" });
  await incarnate("cart:rc", "ACTIVE");
  const at = { now: 0, pin: platform.pin.bind(platform) };
  await write(core, decidePromote(core.cache.index, core.writer.table, "cart", at));
  await incarnate("cart:stable", "PENDING");
  const stable = { service: "cart", key: "stable", incarnation: 1 };
  await platform.ensureWorkload({ ...stable, rollout: 1, source: { kind: "service" } });
  platform.become(stable, "Ready");
  core.factsChanged();
  assert.equal(promotedOf(core.sources(), "cart"), undefined);
  await core.writer.publish();
  const rc = core.cache.index.variants.get("cart:rc");
  assert.deepEqual(promotedOf(core.sources(), "cart"), { uid: rc?.uid, rollout: 1 });
  assert.deepEqual(Object.keys(core.writer.table.services["cart"] ?? {}), ["stable"]);
});
