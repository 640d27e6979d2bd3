import assert from "node:assert/strict";
import { test } from "node:test";
import { tally, totalLine, type Outcome } from "./tally.ts";

const outcome = (file: string, result: Outcome["result"]): Outcome => ({
  file,
  title: "t",
  result,
  detail: "",
});

test("outcomes are summed by suite and in all", () => {
  const sum = tally(
    ["packages/a/x.test.ts", "apps/b/y.test.ts"],
    [
      outcome("packages/a/x.test.ts", "passed"),
      outcome("packages/a/x.test.ts", "failed"),
      outcome("apps/b/y.test.ts", "skipped"),
    ],
  );
  assert.equal(totalLine(sum), "1 passed, 1 failed, 1 skipped");
  assert.deepEqual(sum.suites.get("packages/a"), { passed: 1, failed: 1, skipped: 0 });
  assert.deepEqual(sum.suites.get("apps/b"), { passed: 0, failed: 0, skipped: 1 });
});

test("a file without a test counts as failed", () => {
  const sum = tally(["apps/b/empty.test.ts"], []);
  assert.deepEqual(sum.withoutTests, ["apps/b/empty.test.ts"]);
  assert.equal(totalLine(sum), "0 passed, 1 failed, 0 skipped");
});
