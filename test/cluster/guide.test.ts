import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@cocktail/test-support";

/** Runs the commands of docs/guides/testbed.md as a reader types them, in one testbed. */
const root = fileURLToPath(new URL("../..", import.meta.url));

function run(script: string): Promise<string> {
  const path = [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
  return new Promise((resolve, reject) => {
    const options = { cwd: root, env: { ...process.env, PATH: path }, timeout: 120_000 };
    execFile("sh", ["-euc", script], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${script}\n${stdout}\n${stderr}`, { cause: error }));
    });
  });
}

after(() => rm(join(root, "static.yaml"), { force: true }));

test("the guide's commands do what it says", async () => {
  const guide = await readFile(join(root, "docs/guides/testbed.md"), "utf8");
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  const inside = blocks.filter((block) => /^(?:kubectl |sh examples\/|npx cocktail )/m.test(block));
  assert.equal(inside.length, 4, "install, static block, branch, calls");
  const [install = "", chart = "", branch = "", calls = ""] = inside;
  const stable = "storefront:stable\ncart-service:stable\npayment-service:stable\n";
  const routed = stable.replace("payment-service:stable", "payment-service:mp-101");
  assert.ok((await run(install)).endsWith(stable));
  await run(chart);
  await run(branch);
  await until(
    "the calls to be answered as the guide says",
    async () => (await run(calls)) === [routed, stable, routed, routed, stable].join(""),
    { ms: 60_000, everyMs: 200, retryErrors: true },
  );
});
