import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, type ProcessIdentity, readProcess } from "@cocktail/local-state";

/** True when nothing of the group lives: zombies, which wait for a parent that may never look, don't count. */
export function isGroupEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch (error) {
    // EPERM: somebody is there who changed its user.
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
    // Already empty, or no longer ours to signal; the wait that follows tells.
  }
}

export interface EndOptions {
  /** Between the polite signal and SIGKILL. */
  readonly graceMs: number;
  /** Cuts the grace short. */
  readonly forceSignal?: AbortSignal | undefined;
}

/** How long a killed process may take to vanish. */
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
  if (await within(isEmpty, graceMs, forceSignal)) return true;
  signalGroup(group, "SIGKILL");
  return await within(isEmpty, killMs, undefined);
}

/** Looks until it is so. Not by the time of day, which may be set. */
async function within(
  isSo: () => boolean,
  ms: number,
  forceSignal: AbortSignal | undefined,
): Promise<boolean> {
  const deadline = performance.now() + ms;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    if (isSo()) return true;
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
        // It went between the look and the signal.
      }
    }
  };
  const allGone = (): boolean => !identities.some((one) => isAlive(one));
  signal("SIGTERM");
  if (await within(allGone, graceMs, forceSignal)) return;
  signal("SIGKILL");
  await within(allGone, killMs, undefined);
}
