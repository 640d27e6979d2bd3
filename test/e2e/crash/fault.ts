import { setTimeout as pause } from "node:timers/promises";
import { until } from "@cocktail/test-support";
import { allProcesses, findTargets, type Target } from "./processes.ts";

/** What happens to a process while a step runs. */
export interface Fault {
  readonly target: Target;
  /** Counted from the start of the step, or for what lives only a moment from its first sight. */
  readonly afterMs: number;
  /** Stopped for that long and continued, or killed. */
  readonly stopMs: number | undefined;
  /** Which of several, modulo their number. */
  readonly choice: number;
}

export function describeFault({ afterMs, choice, stopMs, target }: Fault): string {
  const what = stopMs === undefined ? "SIGKILL" : `SIGSTOP for ${stopMs} ms`;
  return `${what} to ${target} (choice ${choice}) after ${afterMs} ms`;
}

/** They are there only while something is deployed: a fault waits for one. */
const brief: readonly Target[] = ["git", "prepare"];
const briefPatienceMs = 700;

/** Brings a fault about, to its end; returns whether it hit a process. `command` is the command line that runs. */
export async function inject(
  fault: Fault,
  directory: string,
  command: () => number | undefined,
): Promise<boolean> {
  const { afterMs, choice, stopMs, target } = fault;
  if (brief.includes(target)) await firstSight(directory, target);
  await pause(afterMs);
  const found =
    target === "command" ? [command() ?? 0].filter(Boolean) : findTargets(directory, target);
  const hit =
    target === "main and postmaster"
      ? found
      : found.slice(choice % Math.max(1, found.length)).slice(0, 1);
  const signalled = hit.filter((pid) => signal(pid, stopMs === undefined ? "SIGKILL" : "SIGSTOP"));
  if (stopMs !== undefined) {
    await pause(stopMs);
    for (const pid of signalled) signal(pid, "SIGCONT");
  }
  // A killed process lives on for a moment, and must not be taken for one that runs.
  else
    await until(
      "killed processes to be gone",
      () => !allProcesses().some(({ pid }) => signalled.includes(pid)),
    );
  return signalled.length > 0;
}

async function firstSight(directory: string, target: Target): Promise<void> {
  const deadline = performance.now() + briefPatienceMs;
  while (performance.now() < deadline && findTargets(directory, target).length === 0)
    await pause(10);
}

/** False where it is gone. */
export function signal(pid: number, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
