// `npm run test:cluster`: the suites on real Kubernetes, Istio and Envoy, in a testbed of their own that ends with them.
// `npm run test:node` (`--profile node`): those on a node with containers; skipped, with the reason, where none can run.
// Files or folders choose among them; options go on to `npm test`. COCKTAIL_KUBECONFIG names another cluster with Istio to run them against.
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

const tests = [join(root, "scripts/test.ts"), ...chosen];

async function node(words: readonly string[], env = process.env): Promise<number> {
  const child = spawn(process.execPath, words, { cwd: root, stdio: "inherit", env });
  await once(child, "exit");
  return child.exitCode ?? 1;
}

/** A command line of the testbed. Signals reach it too: it is in the same group. */
async function testbed(...args: readonly string[]): Promise<number> {
  return await node(["--conditions=@cocktail/source", join(root, "testbed/src/main.ts"), ...args]);
}

/** In a testbed of their own, which ends with them. */
async function inTestbed(): Promise<number> {
  const up = await testbed("up", ...name, ...(onNode ? ["--profile", "node"] : []));
  if (up === impossibleHere) {
    process.stdout.write("skipped: npm run test:node, for the reasons above\n");
    process.stdout.write("0 passed, 0 failed, 1 skipped\n");
    return 0;
  }
  if (up !== 0) return up;
  const tested = await testbed("run", ...name, "--", process.execPath, ...tests);
  const ended = await testbed("down", ...name);
  return tested === 0 ? ended : tested;
}

// The children end by themselves on Ctrl-C, and the testbed must still be taken down.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

const own = process.env["COCKTAIL_KUBECONFIG"];
process.exitCode =
  own === undefined ? await inTestbed() : await node(tests, { ...process.env, KUBECONFIG: own });
