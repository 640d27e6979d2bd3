import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "./run-step.ts";

/** The exit code of `testbed up` where this machine can't run the profile; what is missing is printed. */
export const impossibleHere = 5;

/** Runs a command of Node in a testbed of its own, which ends with it, and returns its exit code, or that of a testbed that doesn't start. */
export async function inTestbed(
  name: string,
  command: readonly string[],
  profile: "control" | "node" = "control",
): Promise<number> {
  endAfterChildren();
  const own = ["--name", `${name}-${process.pid}`];
  const started = await testbed("up", ...own, "--profile", profile);
  if (started !== 0) return started;
  const done = await testbed("run", ...own, "--", process.execPath, ...command);
  const ended = await testbed("down", ...own);
  return done === 0 ? ended : done;
}

/** Runs a command of Node against the cluster of a kubeconfig. */
export async function againstCluster(
  kubeconfig: string,
  command: readonly string[],
): Promise<number> {
  endAfterChildren();
  return await node(command, { ...process.env, KUBECONFIG: kubeconfig });
}

/** The children end by themselves on Ctrl-C, and the testbed must still be taken down. */
function endAfterChildren(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
}

/** A command line of the testbed. Signals reach it too: it is in the same group. */
async function testbed(...args: readonly string[]): Promise<number> {
  const main = join(root, "testbed/src/main.ts");
  return await node(["--conditions=@cocktail/source", main, ...args]);
}

async function node(words: readonly string[], env = process.env): Promise<number> {
  const child = spawn(process.execPath, words, { cwd: root, stdio: "inherit", env });
  await once(child, "exit");
  return child.exitCode ?? 1;
}
