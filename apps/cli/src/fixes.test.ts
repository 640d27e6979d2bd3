import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "@cocktail/client";
import { explanationFix, problemFix } from "./fixes.ts";

const problem: Problem = {
  type: "urn:x",
  title: "x",
  status: 409,
  detail: "d",
  code: "CONFLICT",
  fix: "what the control plane says",
  retryable: false,
};

test("a known reason has a fix with commands and names", () => {
  const params = { environment: "ops" };
  assert.match(problemFix({ ...problem, reason: "EnvironmentExists", params }), /env delete ops$/);
  const conflict = { ...problem, reason: "KeyConflict" };
  assert.match(problemFix(conflict), /--replace/);
});

test("an unknown reason has the control plane's fix; reasons are data", () => {
  for (const reason of [undefined, "ParentCycle", "constructor", "NotFound"]) {
    assert.equal(problemFix({ ...problem, reason }), problem.fix);
  }
});

test("a condition's fix names the member, and is empty if there is nothing to do", () => {
  const explanation = { reason: "CrashLoop", params: { variant: "cart:mp-1" }, fix: "x" };
  assert.match(explanationFix(explanation), /cocktail branch logs cart:mp-1/);
  assert.match(explanationFix({ ...explanation, params: {} }), /SERVICE:KEY/);
  assert.equal(explanationFix({ ...explanation, fix: "" }), "");
});
