// `npm run test:cluster`: the suites on real Kubernetes, Istio and Envoy, in a testbed of their own that ends with them.
// `npm run test:node` (`--profile node`): those on a node with containers; skipped, with the reason, where none can run.
// Files or folders choose among them; options go on to `npm test`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "./run-step.ts";

const onNode = process.argv.slice(2).join(" ").startsWith("--profile node");
const words = process.argv.slice(onNode ? 4 : 2);
// One file at a time, since one of them watches what a second node leaves behind. Those of test/cluster run here through injected sidecars.
const usual = onNode
  ? [
      "--test-concurrency=1",
      "test/node",
      "test/cluster/first-route.test.ts",
      "test/cluster/guide.test.ts",
    ]
  : ["test/cluster"];
const chosen = words.some((word) => !word.startsWith("-")) ? words : [...words, ...usual];
const name = ["--name", `test-${process.pid}`];
/** As the testbed says that this machine can't run it. */
const impossibleHere = 5;

/** A command line of the testbed. Signals reach it too: it is in the same group. */
async function testbed(...args: readonly string[]): Promise<number> {
  const main = join(root, "testbed/src/main.ts");
  const child = spawn(process.execPath, ["--conditions=@cocktail/source", main, ...args], {
    cwd: root,
    stdio: "inherit",
  });
  await once(child, "exit");
  return child.exitCode ?? 1;
}

// The children end by themselves on Ctrl-C, and the testbed must still be taken down.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

process.exitCode = await testbed("up", ...name, ...(onNode ? ["--profile", "node"] : []));
if (process.exitCode === 0) {
  const tests = [process.execPath, join(root, "scripts/test.ts"), ...chosen];
  process.exitCode = await testbed("run", ...name, "--", ...tests);
  const ended = await testbed("down", ...name);
  if (process.exitCode === 0) process.exitCode = ended;
} else if (process.exitCode === impossibleHere) {
  process.stdout.write("skipped: npm run test:node, for the reasons above\n");
  process.stdout.write("0 passed, 0 failed, 1 skipped\n");
  process.exitCode = 0;
}
