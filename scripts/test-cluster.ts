// `npm run test:cluster`: the suites on real Kubernetes, Istio and Envoy, in a testbed of their own that ends with them. Files or folders
// choose among them; options go on to `npm test`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "./run-step.ts";

const words = process.argv.slice(2);
const chosen = words.some((word) => !word.startsWith("-")) ? words : [...words, "test/cluster"];
const name = ["--name", `test-${process.pid}`];

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

process.exitCode = await testbed("up", ...name);
if (process.exitCode === 0) {
  const tests = [process.execPath, join(root, "scripts/test.ts"), ...chosen];
  process.exitCode = await testbed("run", ...name, "--", ...tests);
  const ended = await testbed("down", ...name);
  if (process.exitCode === 0) process.exitCode = ended;
}
