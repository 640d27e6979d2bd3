import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type ProcessIdentity, readProcess } from "@cocktail/local-state";

/** True when the group has no living member. Zombies don't count: their parent may never collect them. */
export function isGroupEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch (error) {
    // EPERM: a member runs as another user.
    return !(error instanceof Error && "code" in error && error.code === "EPERM");
  }
  return process.platform === "linux" && !hasLivingMember(group);
}

function hasLivingMember(group: number): boolean {
  return readdirSync("/proc").some((name) => {
    const pid = Number(name);
    const facts = Number.isInteger(pid) ? readProcess(pid) : undefined;
    return facts !== undefined && facts.group === group && !facts.zombie;
  });
}

export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Already empty, or not permitted; the caller waits for the group to be empty.
  }
}

export interface EndOptions {
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Ends the grace period at once. */
  readonly forceSignal?: AbortSignal | undefined;
}

/** How long a killed process may take to disappear. */
const killMs = 5_000;

/**
 * SIGTERM, wait until the GROUP is empty, SIGKILL. A wrapper such as npm ends at once while the server behind it still
 * answers its last requests, so its exit says nothing. True when the group is empty.
 */
export async function endGroup(
  group: number,
  { graceMs, forceSignal }: EndOptions,
): Promise<boolean> {
  const isEmpty = (): boolean => isGroupEmpty(group);
  signalGroup(group, "SIGTERM");
  if (await pollUntil(isEmpty, graceMs, forceSignal)) return true;
  signalGroup(group, "SIGKILL");
  return await pollUntil(isEmpty, killMs, undefined);
}

/** Polls until the condition holds; false after the deadline. The clock is monotonic. */
async function pollUntil(
  condition: () => boolean,
  ms: number,
  forceSignal: AbortSignal | undefined,
): Promise<boolean> {
  const deadline = performance.now() + ms;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    if (condition()) return true;
    if (forceSignal?.aborted === true || performance.now() > deadline) return false;
    await delay(pauseMs);
  }
}

/** Ends single processes, each checked again right before every signal: numbers are reused. Resolves when they are gone. */
export async function endProcesses(
  identities: readonly ProcessIdentity[],
  { graceMs, forceSignal }: EndOptions,
): Promise<void> {
  const signal = (name: NodeJS.Signals): void => {
    for (const identity of identities.filter((one) => isAlive(one))) {
      try {
        process.kill(identity.pid, name);
      } catch {
        // It exited after the check.
      }
    }
  };
  const allGone = (): boolean => !identities.some((one) => isAlive(one));
  signal("SIGTERM");
  if (await pollUntil(allGone, graceMs, forceSignal)) return;
  signal("SIGKILL");
  await pollUntil(allGone, killMs, undefined);
}
