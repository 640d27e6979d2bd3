import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mergeReasons } from "@cocktail/mesh";
import { conditionsOf, type Fact, notWritten, operatorReasons } from "./conditions.ts";
import { planTarget, type TargetState } from "./plan.ts";
import { newsOf, nextStatus } from "./status.ts";
import { mergeObject, serviceHost, stateOf, targetObject } from "./testing/objects.ts";
import { readMerge } from "./virtual-service-merge.ts";

const key = "services/payment-service";

function factsOf(state: TargetState, at = 0): Readonly<Record<string, string>> {
  const facts = planTarget(state).verdicts[at]?.facts ?? [];
  return Object.fromEntries(facts.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}

test("a merge of a target that is there is written, and told that it is", () => {
  const state = stateOf(key, targetObject(), [mergeObject("a")]);
  const { write, verdicts } = planTarget(state);
  assert.ok(write);
  assert.equal(write.metadata.resourceVersion, "7");
  assert.deepEqual(factsOf(state), {
    Accepted: "True Accepted",
    TargetResolved: "True TargetResolved",
    Programmed: "True Programmed",
    Conflict: "False NoConflict",
  });
  assert.deepEqual(
    verdicts[0]?.routes?.map(({ kind, index }) => [kind, index]),
    [["http", 0]],
  );
  assert.equal(planTarget(stateOf(key, write, [mergeObject("a")])).write, undefined);
});

test("without a target, without a name, or beside the old operator nothing is written, and the reason is told", () => {
  const merges = [mergeObject("a")];
  const states: readonly (readonly [TargetState, string])[] = [
    [stateOf(key, undefined, merges), "TargetNotFound"],
    [stateOf("services/", undefined, merges), "NoTarget"],
    [
      { ...stateOf(key, targetObject(), merges), rivals: ["Deployment old/merger"] },
      "OldOperatorRuns",
    ],
  ];
  for (const [state, reason] of states) {
    assert.equal(planTarget(state).write, undefined);
    assert.equal(factsOf(state)["Programmed"], `False ${reason}`);
  }
});

test("a merge that is being deleted is out of the target, and is told nothing", () => {
  const merged = planTarget(stateOf(key, targetObject(), [mergeObject("a")])).write;
  const gone = mergeObject("a", { deletionTimestamp: "2026-01-02T00:00:00Z" });
  const { write, verdicts } = planTarget(stateOf(key, merged, [gone]));
  assert.deepEqual(write, targetObject());
  assert.deepEqual(verdicts, []);
});

test("a merge that the API refuses is left out alone, and told in the API's words", () => {
  const bad = mergeObject("bad");
  const refusals = new Map([[bad.metadata.uid ?? "", "admission webhook denied: no"]]);
  const state = { ...stateOf(key, targetObject(), [mergeObject("a"), bad]), refusals };
  const { write, verdicts } = planTarget(state);
  assert.match(JSON.stringify(write), /cocktail\.services\.a\./);
  assert.doesNotMatch(JSON.stringify(write), /cocktail\.services\.bad\./);
  const told = verdicts.find(({ merge }) => merge.object === bad)?.facts ?? [];
  assert.deepEqual(
    told.map(({ type, status, message }) => [type, status, message]),
    [
      ["Accepted", "False", "admission webhook denied: no"],
      ["TargetResolved", "Unknown", ""],
      ["Programmed", "False", "admission webhook denied: no"],
      ["Conflict", "Unknown", ""],
    ],
  );
});

test("two groups may have objects of one name: both are merged, and each is told its own", () => {
  const one = mergeObject("a");
  const two = { ...mergeObject("a"), apiVersion: "istiomerger.monime.sl/v1alpha1" };
  const other = { ...two, metadata: { ...two.metadata, uid: "other" } };
  const { write, verdicts } = planTarget(stateOf(key, targetObject(), [one, other]));
  assert.ok(write);
  const { http } = write["spec"] as { readonly http: readonly { readonly name: string }[] };
  assert.equal(new Set(http.map(({ name }) => name)).size, 3);
  assert.deepEqual(
    verdicts.map(({ facts }) => facts.find(({ type }) => type === "Conflict")?.reason),
    ["NoConflict", "EqualMatch"],
  );
});

test("a route waits until its Service has a ready endpoint, and stays when it loses it", () => {
  const merges = [mergeObject("a")];
  const facts = (isReady: boolean) => ({
    services: { [serviceHost]: { subsets: [], isReady } },
  });
  const of = (
    target: ReturnType<typeof targetObject> | undefined,
    isReady: boolean,
  ): TargetState => {
    const state = stateOf(key, target, merges);
    return { ...state, options: { ...state.options, facts: facts(isReady) } };
  };
  assert.equal(planTarget(of(targetObject(), false)).write, undefined);
  assert.equal(factsOf(of(targetObject(), false))["Programmed"], "False NoReadyEndpoint");
  const merged = planTarget(of(targetObject(), true)).write;
  const lost = of(merged, false);
  assert.equal(planTarget(lost).write, undefined);
  assert.equal(factsOf(lost)["Programmed"], "True Programmed");
  assert.equal(factsOf(lost)["TargetResolved"], "True NoReadyEndpoint");
});

test("each reason is in the reference", () => {
  const file = join(import.meta.dirname, "../../../../docs/reference/mesh.md");
  const page = readFileSync(file, "utf8");
  const missing = [...mergeReasons, ...operatorReasons].filter(
    (reason) => !page.includes(`\`${reason}\``),
  );
  assert.deepEqual(missing, []);
});

test("each reason of a fault has a condition", () => {
  for (const reason of mergeReasons) {
    const told = conditionsOf([{ reason, severity: "error", message: "m" }], "it");
    assert.ok(
      told.some((fact) => fact.type !== "Programmed" && fact.reason === reason),
      reason,
    );
    assert.equal(told.find(({ type }) => type === "Programmed")?.reason, reason);
  }
});

test("a status is written, and an Event made, only for news", () => {
  const facts: readonly Fact[] = conditionsOf([], "VirtualService x");
  const routes = [
    { kind: "http", name: "r", index: 3 },
    { kind: "tcp", name: undefined, index: 0 },
  ] as const;
  const first = { merge: readMerge(mergeObject("a")), facts, routes };
  const status = nextStatus(first, 0);
  assert.ok(status);
  assert.deepEqual(
    newsOf(first).map(({ reason }) => reason),
    ["Programmed"],
  );
  assert.deepEqual(status.routes, [{ kind: "http", name: "r" }, { kind: "tcp" }]);
  // As the API gives it back.
  const stored = { ...status, routes: [{ name: "r", kind: "http" }, { kind: "tcp" }] };
  const merge = readMerge({ ...mergeObject("a"), status: stored });
  const moved = routes.map((route) => ({ ...route, index: 7 }));
  const again = { merge, facts, routes: moved };
  assert.equal(nextStatus(again, 99_000), undefined);
  assert.deepEqual(newsOf(again), []);
  const refused = { ...again, facts: notWritten(facts, "WriteRefused", "the API says no") };
  assert.equal(
    nextStatus(refused, 99_000)?.conditions[0]?.lastTransitionTime,
    "1970-01-01T00:00:00Z",
  );
  assert.equal(
    nextStatus(refused, 99_000)?.conditions[2]?.lastTransitionTime,
    "1970-01-01T00:01:39Z",
  );
  assert.deepEqual(
    newsOf(refused).map(({ type, reason }) => `${type} ${reason}`),
    ["Programmed WriteRefused"],
  );
});
