import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { until } from "@cocktail/test-support";
import { isOwnCluster } from "@cocktail/testbed";
import { blocksOf, root, shell } from "./support/shell.ts";

/** Runs the commands of docs/guides/testbed.md as a reader types them, in one testbed. */
after(() => rm(join(root, "static.yaml"), { force: true }));

const skip = isOwnCluster && "the guide is about the testbed";

test("the guide's commands do what it says", { skip }, async () => {
  const guide = await readFile(join(root, "docs/guides/testbed.md"), "utf8");
  const inside = blocksOf(guide, "sh").filter((block) =>
    /^(?:kubectl |sh examples\/|npx cocktail )/m.test(block),
  );
  assert.equal(inside.length, 4, "install, static block, branch, calls");
  const [install = "", chart = "", branch = "", calls = ""] = inside;
  const stable = "storefront:stable\ncart-service:stable\npayment-service:stable\n";
  const routed = stable.replace("payment-service:stable", "payment-service:mp-101");
  assert.ok((await shell(install)).endsWith(stable));
  await shell(chart);
  await shell(branch);
  await until(
    "the calls to be answered as the guide says",
    async () => (await shell(calls)) === [routed, stable, routed, routed, stable].join(""),
    { ms: 60_000, everyMs: 200, retryErrors: true },
  );
});
