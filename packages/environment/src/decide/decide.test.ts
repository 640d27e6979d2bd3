import assert from "node:assert/strict";
import { test } from "node:test";
import { RC, STABLE, emptyTable, maxDepth } from "@cocktail/route";
import type { VariantStatus } from "../object.ts";
import { ObjectIndex } from "../object-index.ts";
import { withStatus } from "../object-rules.ts";
import { applyWrite } from "../simulate.ts";
import { type Decision, refused } from "./decision.ts";
import { decideDeleteEnvironment } from "./delete-environment.ts";
import { type DeployIntent, decideDeploy } from "./deploy.ts";
import { decideDestroy } from "./destroy.ts";
import { decideEnvironment } from "./environment.ts";
import { decideExtend } from "./extend.ts";
import { type Pin, decidePromote } from "./promote.ts";
import { planStable } from "./stable.ts";
import { decideSync } from "./sync.ts";

const cart = {
  name: "cart",
  spec: {
    position: 0,
    entry: true,
    protocol: "auto",
    source: { from: "file" },
    entryHash: "h1",
  },
} as const;
let writes = 0;
const table = emptyTable("00000000");
const synced = withWrites(new ObjectIndex(), decideSync(new ObjectIndex(), [cart]).writes);

function withWrites(
  objects: ObjectIndex,
  list: Extract<Decision, { readonly kind: "decided" }>["writes"],
): ObjectIndex {
  const after = objects.copy();
  for (const write of list) {
    const version = String(++writes);
    applyWrite(after, write, { version, uid: `uid-${version}`, now: 0 });
  }
  for (const { name } of after.services.values()) {
    const write = planStable(after, name, undefined);
    if (write !== undefined) return withWrites(after, [write]);
  }
  const orphan = planStable(after, "cart", undefined);
  return orphan === undefined ? after : withWrites(after, [orphan]);
}
function after(objects: ObjectIndex, decision: Decision): ObjectIndex {
  assert.equal(decision.kind, "decided", JSON.stringify(decision));
  return decision.kind === "decided" ? withWrites(objects, decision.writes) : objects;
}
function why(decision: Decision): string {
  if (decision.kind === "waits") return `waits for ${decision.for.name}`;
  return decision.kind === "refused" ? decision.refusal.reason : decision.outcome;
}
function deploy(objects: ObjectIndex, intent: DeployIntent): Decision {
  return decideDeploy(objects, { ...intent, source: { from: "test" } }, 0);
}
function deployed(objects: ObjectIndex, key: string, more: object = {}): ObjectIndex {
  return after(objects, deploy(objects, { service: "cart", key, ...more }));
}
function environment(objects: ObjectIndex, name: string, parent?: string): ObjectIndex {
  return after(objects, decideEnvironment(objects, { name, parent }, "create", 0));
}

test("a redeploy keeps omitted options, another branch doesn't", () => {
  const intent = {
    branch: "feature/mp-1",
    ttlSeconds: 60,
    onUnavailable: "Fallback",
  };
  const state = deployed(synced, "mp-1", intent);
  const again = deployed(state, "mp-1").variants.get("cart:mp-1")?.spec;
  assert.equal(again?.branch, "feature/mp-1");
  assert.equal(again?.expiresAt, 60_000);
  assert.equal(again?.onUnavailable, "Fallback");
  assert.equal(again?.rollout, 2);
  const replaced = deployed(state, "mp-1", { branch: "other", replace: true });
  assert.equal(replaced.variants.get("cart:mp-1")?.spec.expiresAt, undefined);
});

test("another branch on a live key is a conflict, except on rc; a deploy waits for a key that is being destroyed", () => {
  const other = { service: "cart", key: "mp-1", branch: "b" };
  const state = deployed(synced, "mp-1", { branch: "a" });
  assert.equal(why(deploy(state, other)), "KeyConflict");
  assert.equal(why(deploy(state, { ...other, replace: true })), "updated");
  const unbranched = { service: "cart", key: "mp-1", isUnbranched: true };
  assert.equal(why(deploy(state, unbranched)), "KeyConflict", "of no branch at all");
  const taken = after(state, deploy(state, { ...unbranched, replace: true }));
  assert.equal(taken.variants.get("cart:mp-1")?.spec.branch, undefined);
  assert.equal(why(deploy(taken, unbranched)), "updated");
  const candidate = deployed(synced, RC, { branch: "a" });
  assert.equal(why(deploy(candidate, { ...other, key: RC })), "updated");
  const intent = { service: "cart", key: "mp-1", discard: false, work: [] };
  const destroyed = after(state, decideDestroy(state, intent));
  assert.equal(why(deploy(destroyed, other)), "waits for cart:mp-1");
});

test("stable is neither deployed nor destroyed", () => {
  assert.equal(why(deploy(synced, { service: "cart", key: STABLE })), "ReservedKey");
  const intent = { service: "cart", key: STABLE, discard: true, work: [] };
  assert.equal(why(decideDestroy(synced, intent)), "ReservedKey");
});

test("services and environments share one set of names", () => {
  const state = environment(deployed(synced, "mp-1"), "ops");
  assert.equal(why(deploy(state, { service: "mp-1", key: "x" })), "NameTaken");
  assert.equal(why(deploy(state, { service: "ops", key: "x" })), "NameTaken");
  assert.equal(why(deploy(state, { service: "cart", key: "cart" })), "NameTaken");
  assert.equal(why(deploy(state, { service: "fresh", key: "fresh" })), "NameTaken");
  assert.equal(why(decideEnvironment(state, { name: "cart" }, "create", 0)), "NameTaken");
});

test("stable and rc are built in", () => {
  for (const name of [STABLE, RC]) {
    assert.equal(why(decideEnvironment(synced, { name }, "apply", 0)), "EnvironmentBuiltIn");
    assert.equal(why(decideExtend(synced, name, 60, 0)), "EnvironmentBuiltIn");
    const intent = { name, keepVariants: false, discard: false, work: new Map() };
    const decision = decideDeleteEnvironment(synced, intent);
    assert.equal(why(decision), "EnvironmentBuiltIn");
  }
});

test("parents must exist, without a cycle, at most eight deep", () => {
  assert.equal(
    why(decideEnvironment(synced, { name: "a", parent: "none" }, "create", 0)),
    "ParentNotFound",
  );
  assert.equal(
    why(decideEnvironment(synced, { name: "a", parent: "a" }, "create", 0)),
    "ParentNotFound",
  );
  let state = environment(synced, "l1");
  for (let depth = 2; depth <= maxDepth; depth++) {
    state = environment(state, `l${depth}`, `l${depth - 1}`);
  }
  const deeper = { name: "deep", parent: `l${maxDepth}` };
  assert.equal(why(decideEnvironment(state, deeper, "create", 0)), "ParentTooDeep");
  const circle = { name: "l1", parent: "l3" };
  assert.equal(why(decideEnvironment(state, circle, "apply", 0)), "ParentCycle");
  // A layer moves with everything that stands on it.
  const moved = { name: "l1", parent: RC };
  assert.equal(why(decideEnvironment(state, moved, "apply", 0)), "ParentTooDeep");
});

test("create refuses an existing environment, apply reports what it changed", () => {
  const intent = { name: "ops", members: { cart: "mp-1" } };
  assert.equal(why(decideEnvironment(synced, intent, "apply", 0)), "created");
  const state = after(synced, decideEnvironment(synced, intent, "create", 0));
  assert.equal(why(decideEnvironment(state, intent, "create", 0)), "EnvironmentExists");
  assert.equal(why(decideEnvironment(state, intent, "apply", 9)), "unchanged");
  assert.equal(why(decideEnvironment(state, { ...intent, parent: RC }, "apply", 9)), "updated");
});

test("only an existing lifetime is extended, from now if it is over", () => {
  const state = deployed(deployed(synced, "mp-1", { ttlSeconds: 60 }), "mp-2");
  assert.equal(why(decideExtend(state, "mp-2", 60, 0)), "unchanged");
  assert.equal(why(decideExtend(state, "none", 60, 0)), "EnvironmentNotFound");
  const extended = after(state, decideExtend(state, "mp-1", 60, 100_000));
  assert.equal(extended.variants.get("cart:mp-1")?.spec.expiresAt, 160_000);
});

test("a request that would lose uncommitted work is refused, unless it discards it", () => {
  const state = deployed(synced, "mp-1", { environment: "ops" });
  const intent = {
    name: "ops",
    keepVariants: false,
    discard: false,
    work: new Map([["cart:mp-1", ["/checkout"]]]),
  };
  assert.equal(why(decideDeleteEnvironment(state, intent)), "UncommittedWork");
  assert.equal(why(decideDeleteEnvironment(state, { ...intent, keepVariants: true })), "deleted");
  const lost = after(state, decideDeleteEnvironment(state, { ...intent, discard: true }));
  const ops = lost.environments.get("ops");
  assert.equal(ops?.deletedAt, 0);
  // The variants follow from it: they are not written here.
  assert.equal(ops?.spec.onDelete, "Discard");
  assert.equal(lost.variants.get("cart:mp-1")?.deletedAt, undefined);
});

function serving(objects: ObjectIndex, name: string): ObjectIndex {
  const variant = objects.variants.get(name) ?? assert.fail(name);
  const record = { number: 1, rollout: 1, state: "ACTIVE", revision: "", host: "h" } as const;
  const incarnation = { ...record, onUnavailable: "Fail", createdAt: 0 } as const;
  const status: VariantStatus = {
    observedGeneration: 1,
    conditions: [],
    incarnations: [incarnation],
    lastIncarnation: 1,
  };
  const changed = objects.copy();
  changed.put(withStatus(variant, status, { version: String(++writes) }));
  return changed;
}

test("only a candidate that serves its newest rollout is promoted, pinned by its platform", () => {
  const state = serving(deployed(synced, RC, { branch: "release" }), "cart:rc");
  const variant = { tier: "rc", onUnavailable: "Fail", incarnation: 1, revision: "abc" } as const;
  const listed = { ...table, services: { cart: { rc: variant } } };
  const pin: Pin = (source, revision) => ({ ...source, revision });
  const dirty: Pin = () => refused("UncommittedWork");
  const promote = (objects: ObjectIndex, how = pin): Decision =>
    decidePromote(objects, listed, "cart", { now: 0, pin: how });
  assert.equal(why(promote(state, dirty)), "UncommittedWork");
  const promoted = after(state, promote(state));
  const stable = promoted.variants.get("cart:stable");
  assert.deepEqual(stable?.spec.source, { from: "test", revision: "abc" });
  assert.equal(stable.spec.rollout, 2);
  assert.equal(why(promote(promoted)), "unchanged");
  assert.equal(why(promote(deployed(state, RC))), "NothingToPromote");
});

test("removing a service from the file deletes its stable and keeps its branches", () => {
  const state = deployed(synced, "mp-1");
  const { writes: changes, notes } = decideSync(state, []);
  const left = withWrites(state, changes);
  assert.equal(left.variants.get("cart:stable")?.deletedAt, 0);
  assert.equal(left.variants.get("cart:mp-1")?.deletedAt, undefined);
  assert.deepEqual(notes, ["cart was removed from the file: its stable variant is deleted"]);
  // Back in the file before its stable is gone: that one goes, and another is made then.
  const back = withWrites(left, decideSync(left, [cart]).writes);
  assert.equal(planStable(back, "cart", undefined), undefined);
  back.remove("ServiceVariant", "cart:stable");
  assert.equal(planStable(back, "cart", undefined)?.op, "create");
});

test("an equal file changes nothing", () => {
  assert.deepEqual(decideSync(synced, [cart]).writes, []);
});
