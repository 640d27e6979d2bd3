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
  /** The process that postmaster.pid names, if there is a file and such a process. */
  readonly named: ProcessFacts | undefined;
  /** False where that process is known to work somewhere else. */
  readonly namedWorksHere: boolean;
}

export type LeftoverDecision = "nothing" | "inUse" | "stop" | "removeFile";

/**
 * A living server of a living owner is in use; of a dead owner, it is ended. A pid file that names a zombie or an unrelated process
 * would make Postgres refuse to start, so it goes; what only Postgres can judge is left to it.
 */
export function decideLeftover(facts: LeftoverFacts): LeftoverDecision {
  const { record } = facts;
  const isStarting = record !== undefined && record.postmaster === undefined;
  if (facts.ownerAlive && (isStarting || facts.postmasterAlive)) return "inUse";
  if (facts.postmasterAlive) return "stop";
  if (facts.named === undefined) return "nothing";
  const isUnrelated = facts.named.command !== "postgres" || !facts.namedWorksHere;
  return facts.named.zombie || isUnrelated ? "removeFile" : "nothing";
}

/** Makes the directory ready for a start. True when a server of a dead owner had to be ended. */
export async function clearLeftover(
  directory: string,
  data: string,
  log: Logger,
): Promise<boolean> {
  const record = readRecord(directory);
  const decision = decideLeftover(gather(data, record));
  if (decision === "inUse" && record !== undefined) throw inUse(directory, record);
  if (decision === "removeFile") {
    log.warn({ directory }, "removing a postmaster.pid that names a dead or an unrelated process");
    rmSync(join(data, "postmaster.pid"), { force: true });
  }
  if (decision === "stop" && record?.postmaster !== undefined) {
    log.warn({ pid: record.postmaster.pid }, "ending the Postgres of a run that was killed");
    await endPostmaster(record.postmaster);
  }
  removeRecord(directory);
  return decision === "stop";
}

function gather(data: string, record: StartRecord | undefined): LeftoverFacts {
  const file = readPidFile(data);
  return {
    record,
    ownerAlive: record !== undefined && isAlive(record.owner),
    postmasterAlive: record?.postmaster !== undefined && isAlive(record.postmaster),
    named: file === undefined ? undefined : readProcess(file.pid),
    namedWorksHere: file === undefined || worksIn(file.pid, data),
  };
}

function readPidFile(data: string): { readonly pid: number } | undefined {
  try {
    return parsePostmasterFile(readFileSync(join(data, "postmaster.pid"), "utf8"));
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
