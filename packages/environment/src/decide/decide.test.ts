import assert from "node:assert/strict";
import { test } from "node:test";
import { RC, STABLE, emptyTable, maxDepth } from "@cocktail/route";
import { applyChanges } from "../apply-changes.ts";
import type { DesiredService } from "../desired.ts";
import { type StoredState, emptyState } from "../state.ts";
import type { Decision } from "./decision.ts";
import { decideDeleteEnvironment } from "./delete-environment.ts";
import { decideDeploy } from "./deploy.ts";
import { decideDestroy } from "./destroy.ts";
import { decideEnvironment } from "./environment.ts";
import { decideExtend } from "./extend.ts";
import { findEnvironment, findVariant } from "./lookup.ts";
import { decidePromote } from "./promote.ts";
import { decideSync } from "./sync.ts";

const cart: DesiredService = {
  name: "cart",
  position: 0,
  entry: true,
  protocol: "auto",
  path: "/src/cart",
  source: { kind: "service" },
  command: ["run"],
  env: {},
  entryHash: "h1",
};
const table = emptyTable("00000000");
const synced = applyChanges(emptyState, decideSync(emptyState, table, [cart], 0).changes);

function after(state: StoredState, decision: Decision): StoredState {
  assert.equal(decision.kind, "decided", JSON.stringify(decision));
  return decision.kind === "decided" ? applyChanges(state, decision.changes) : state;
}
function why(decision: Decision): string {
  return decision.kind === "refused" ? decision.refusal.reason : decision.outcome;
}
function deployed(state: StoredState, key: string, more: object = {}): StoredState {
  return after(state, decideDeploy(state, { service: "cart", key, ...more }, 0));
}
function environment(state: StoredState, name: string, parent?: string): StoredState {
  return after(state, decideEnvironment(state, { name, parent }, "create", 0));
}

test("a redeploy keeps what it leaves out, and another branch begins anew", () => {
  const wish = {
    branch: "feature/mp-1",
    env: { A: "1" },
    ttlSeconds: 60,
    onUnavailable: "Fallback",
  };
  const state = deployed(synced, "mp-1", wish);
  const again = findVariant(deployed(state, "mp-1"), "cart", "mp-1");
  assert.deepEqual(again?.env, { A: "1" });
  assert.deepEqual(again?.source, { kind: "branch", branch: "feature/mp-1" });
  assert.equal(again?.expiresAt, 60_000);
  assert.equal(again?.onUnavailable, "Fallback");
  assert.equal(again?.generation, 2);
  const replaced = deployed(state, "mp-1", { branch: "other", replace: true });
  assert.deepEqual(findVariant(replaced, "cart", "mp-1")?.env, {});
  assert.equal(findVariant(replaced, "cart", "mp-1")?.expiresAt, undefined);
});

test("another branch on a live key is a conflict; not on rc, and not on a destroyed key", () => {
  const other = { service: "cart", key: "mp-1", branch: "b" };
  const state = deployed(synced, "mp-1", { branch: "a" });
  assert.equal(why(decideDeploy(state, other, 0)), "KeyConflict");
  assert.equal(why(decideDeploy(state, { ...other, replace: true }, 0)), "updated");
  const candidate = deployed(synced, RC, { branch: "a" });
  assert.equal(why(decideDeploy(candidate, { ...other, key: RC }, 0)), "updated");
  const wish = { service: "cart", key: "mp-1", discard: false, uncommittedWork: false };
  const destroyed = after(state, decideDestroy(state, wish));
  assert.equal(why(decideDeploy(destroyed, other, 0)), "created");
});

test("stable is neither deployed nor destroyed", () => {
  assert.equal(why(decideDeploy(synced, { service: "cart", key: STABLE }, 0)), "ReservedKey");
  const wish = { service: "cart", key: STABLE, discard: true, uncommittedWork: false };
  assert.equal(why(decideDestroy(synced, wish)), "ReservedKey");
});

test("a service that is not in the file says where its code is and how it starts", () => {
  const wish = { service: "fresh", key: "mp-1" };
  const source = { kind: "directory", path: "/src/fresh" } as const;
  const nowhere = decideDeploy(synced, wish, 0);
  assert.equal(why(nowhere), "SourceMissing");
  assert.ok(nowhere.kind === "refused");
  assert.match(nowhere.refusal.message, /there is no service fresh yet$/);
  assert.equal(why(decideDeploy(synced, { ...wish, source }, 0)), "CommandMissing");
  assert.equal(why(decideDeploy(synced, { ...wish, source, command: ["run"] }, 0)), "created");
  const url = { kind: "url", url: "http://127.0.0.1:3000" } as const;
  assert.equal(why(decideDeploy(synced, { ...wish, source: url }, 0)), "created");
});

test("services and environments share one set of names", () => {
  const state = environment(deployed(synced, "mp-1"), "ops");
  assert.equal(why(decideDeploy(state, { service: "mp-1", key: "x" }, 0)), "NameTaken");
  assert.equal(why(decideDeploy(state, { service: "ops", key: "x" }, 0)), "NameTaken");
  assert.equal(why(decideDeploy(state, { service: "cart", key: "cart" }, 0)), "NameTaken");
  assert.equal(why(decideDeploy(state, { service: "fresh", key: "fresh" }, 0)), "NameTaken");
  assert.equal(why(decideEnvironment(state, { name: "cart" }, "create", 0)), "NameTaken");
});

test("stable and rc are built in", () => {
  for (const name of [STABLE, RC]) {
    assert.equal(why(decideEnvironment(synced, { name }, "apply", 0)), "EnvironmentBuiltIn");
    assert.equal(why(decideExtend(synced, name, 60, 0)), "EnvironmentBuiltIn");
    const wish = { name, keepVariants: false, discard: false, uncommittedWork: new Set<string>() };
    const decision = decideDeleteEnvironment(synced, { ...wish, because: "Requested" });
    assert.equal(why(decision), "EnvironmentBuiltIn");
  }
});

test("parents exist, don't turn in circles, and are at most eight", () => {
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

test("create refuses what exists, apply says what it changed", () => {
  const wish = { name: "ops", members: { cart: "mp-1" } };
  assert.equal(why(decideEnvironment(synced, wish, "apply", 0)), "created");
  const state = after(synced, decideEnvironment(synced, wish, "create", 0));
  assert.equal(why(decideEnvironment(state, wish, "create", 0)), "EnvironmentExists");
  assert.equal(why(decideEnvironment(state, wish, "apply", 9)), "unchanged");
  assert.equal(why(decideEnvironment(state, { ...wish, parent: RC }, "apply", 9)), "updated");
});

test("only what has a lifetime is extended, from now where it is over", () => {
  const state = deployed(deployed(synced, "mp-1", { ttlSeconds: 60 }), "mp-2");
  assert.equal(why(decideExtend(state, "mp-2", 60, 0)), "unchanged");
  assert.equal(why(decideExtend(state, "none", 60, 0)), "EnvironmentNotFound");
  const extended = after(state, decideExtend(state, "mp-1", 60, 100_000));
  assert.equal(findVariant(extended, "cart", "mp-1")?.expiresAt, 160_000);
});

test("uncommitted work refuses a request, and is kept when a lifetime is over", () => {
  const state = deployed(synced, "mp-1", { environment: "ops" });
  const wish = {
    name: "ops",
    keepVariants: false,
    discard: false,
    uncommittedWork: new Set(["cart:mp-1"]),
  };
  assert.equal(
    why(decideDeleteEnvironment(state, { ...wish, because: "Requested" })),
    "UncommittedWork",
  );
  const expired = after(state, decideDeleteEnvironment(state, { ...wish, because: "Expired" }));
  assert.equal(findEnvironment(expired, "ops"), undefined);
  assert.equal(findVariant(expired, "cart", "mp-1")?.deleted, false);
  const lost = { ...wish, discard: true, because: "Requested" } as const;
  assert.equal(
    findVariant(after(state, decideDeleteEnvironment(state, lost)), "cart", "mp-1")?.deleted,
    true,
  );
});

test("work that is not committed is not promoted", () => {
  const state = deployed(synced, RC, { branch: "release" });
  const variant = { tier: "rc", onUnavailable: "Fail", incarnation: 1 } as const;
  const listed = (revision: string): typeof table => ({
    ...table,
    services: { cart: { rc: { ...variant, revision } } },
  });
  const ref = { service: "cart", key: RC, number: 1, generation: 1, state: "ACTIVE" } as const;
  const record = { ...ref, revision: "", run: "r", onUnavailable: "Fail", createdAt: 0 } as const;
  const serving = applyChanges(state, [{ kind: "PutIncarnation", incarnation: record }]);
  assert.equal(why(decidePromote(serving, listed("abc-dirty"), "cart", 0)), "UncommittedWork");
  const decision = decidePromote(serving, listed("abc"), "cart", 0);
  const stable = findVariant(after(serving, decision), "cart", STABLE);
  assert.deepEqual(stable?.source, { kind: "branch", branch: "release", revision: "abc" });
  assert.equal(
    why(decidePromote(deployed(serving, RC), listed("abc"), "cart", 0)),
    "NothingToPromote",
  );
});

test("a service that left the file loses its stable; its branches stay", () => {
  const state = deployed(synced, "mp-1");
  const { changes, notes } = decideSync(state, table, [], 0);
  const left = applyChanges(state, changes);
  assert.equal(findVariant(left, "cart", STABLE)?.deleted, true);
  assert.equal(findVariant(left, "cart", "mp-1")?.deleted, false);
  assert.deepEqual(notes, ["cart is no longer in the file: its stable ends"]);
  const back = applyChanges(left, decideSync(left, table, [cart], 0).changes);
  assert.equal(findVariant(back, "cart", STABLE)?.generation, 2);
});

test("an equal file changes nothing", () => {
  assert.deepEqual(decideSync(synced, table, [cart], 9).changes, []);
});
