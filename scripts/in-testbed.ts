import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "./run-step.ts";

/** Runs a command in a testbed of its own, which ends with it, and returns its exit code. */
export async function inTestbed(name: string, command: readonly string[]): Promise<number> {
  // The children end by themselves on Ctrl-C, and the testbed must still be taken down.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  const own = ["--name", `${name}-${process.pid}`];
  const started = await testbed("up", ...own);
  if (started !== 0) return started;
  const done = await testbed("run", ...own, "--", ...command);
  const ended = await testbed("down", ...own);
  return done === 0 ? ended : done;
}

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
