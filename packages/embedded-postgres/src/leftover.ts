import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  identify,
  isAlive,
  type ProcessFacts,
  type ProcessIdentity,
  readProcess,
} from "@cocktail/local-state";
import { socketLock } from "./address.ts";
import { PostgresError, unusableDirectory } from "./errors.ts";
import { escalation } from "./escalation.ts";
import type { Logger } from "./log.ts";
import { parsePostmasterFile } from "./postmaster-file.ts";
import { claimDirectory, readRecord, removeRecord, type StartRecord } from "./record.ts";

/** What an earlier start left in the directory. */
export interface LeftoverFacts {
  readonly record: StartRecord | undefined;
  readonly ownerAlive: boolean;
  readonly postmasterAlive: boolean;
  /** Of the lock files that there are: postmaster.pid, and the one beside the socket. */
  readonly locks: readonly LockFile[];
}

export interface LockFile {
  readonly path: string;
  /** The process that it names, if there is such a one. */
  readonly named: ProcessFacts | undefined;
  /** False where that process is known to work somewhere else. */
  readonly worksHere: boolean;
}

export interface LeftoverDecision {
  readonly kind: "nothing" | "inUse" | "stop";
  /** Lock files that nobody holds. */
  readonly remove: readonly string[];
}

/**
 * A living server of a living owner is in use; of a dead owner, it is ended. A lock file that names a zombie or an unrelated
 * process would make Postgres refuse to start, so it goes: after a reboot, or in a container that was started again, another
 * program easily has the number. What only Postgres can judge is left to it.
 */
export function decideLeftover(facts: LeftoverFacts): LeftoverDecision {
  const { record } = facts;
  const isStarting = record !== undefined && record.postmaster === undefined;
  if (facts.ownerAlive && (isStarting || facts.postmasterAlive))
    return { kind: "inUse", remove: [] };
  if (facts.postmasterAlive) return { kind: "stop", remove: [] };
  return { kind: "nothing", remove: facts.locks.filter(isStale).map(({ path }) => path) };
}

function isStale({ named, worksHere }: LockFile): boolean {
  if (named === undefined) return false;
  return named.zombie || named.command !== "postgres" || !worksHere;
}

/** Makes the directory ready for a start. True when a server of a dead owner had to be ended. */
export async function clearLeftover(
  directory: string,
  data: string,
  log: Logger,
): Promise<boolean> {
  const record = readRecord(directory);
  const locks = [join(data, "postmaster.pid"), socketLock(directory)];
  const decision = decideLeftover(gather(locks, data, record));
  if (decision.kind === "inUse" && record !== undefined) throw inUse(directory, record);
  for (const path of decision.remove) {
    log.warn({ path }, "removing a lock file that names a dead or an unrelated process");
    rmSync(path, { force: true });
  }
  if (decision.kind === "stop" && record?.postmaster !== undefined) {
    log.warn({ pid: record.postmaster.pid }, "ending the Postgres of a run that was killed");
    await endPostmaster(record.postmaster);
  }
  removeRecord(directory);
  return decision.kind === "stop";
}

function gather(
  locks: readonly string[],
  data: string,
  record: StartRecord | undefined,
): LeftoverFacts {
  return {
    record,
    ownerAlive: record !== undefined && isAlive(record.owner),
    postmasterAlive: record?.postmaster !== undefined && isAlive(record.postmaster),
    locks: locks.flatMap((path) => {
      const file = readLock(path);
      if (file === undefined) return [];
      return { path, named: readProcess(file.pid), worksHere: worksIn(file.pid, data) };
    }),
  };
}

/** Both kinds begin with the pid. */
function readLock(path: string): { readonly pid: number } | undefined {
  try {
    return parsePostmasterFile(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** A postmaster works in its data directory. Where that can't be read (macOS), it counts as working here. */
function worksIn(pid: number, data: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === data;
  } catch {
    return true;
  }
}

async function endPostmaster(postmaster: ProcessIdentity): Promise<void> {
  for (const { signal, waitMs } of escalation) {
    if (!isAlive(postmaster)) return;
    signalProcess(postmaster.pid, signal);
    const deadline = performance.now() + waitMs;
    while (isAlive(postmaster) && performance.now() < deadline) await delay(10);
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!isGone) throw error; // gone in this moment, by the watcher of its dead owner
  }
}

function inUse(directory: string, { owner, postmaster }: StartRecord): PostgresError {
  const what = postmaster === undefined ? "starts PostgreSQL" : `runs PostgreSQL ${postmaster.pid}`;
  return new PostgresError(
    "DIRECTORY_IN_USE",
    `${directory} is in use: process ${owner.pid} ${what} there.`,
    { fix: `Stop process ${owner.pid} first, or use another directory.` },
  );
}

/**
 * Makes the directory this process's own, until the record of it is removed: of several that start at the same time one
 * does, and the others are told which.
 */
export function claim(directory: string): void {
  const owner = identify(process.pid);
  if (owner === undefined || isClaimed(directory, owner)) return;
  throw inUse(directory, readRecord(directory) ?? { owner });
}

function isClaimed(directory: string, owner: ProcessIdentity): boolean {
  try {
    return claimDirectory(directory, owner);
  } catch (cause) {
    throw unusableDirectory(directory, cause);
  }
}
