import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { identify, type ProcessIdentity, writeAtomically } from "@cocktail/local-state";
import { z } from "zod";

/** The record of a running process group, for the start after a kill. */
export interface ProcessRecord extends ProcessIdentity {
  readonly runId: string;
  /** `payment-service:mp-101#2`, or what else it was. */
  readonly name: string;
}

const schema = z.object({
  pid: z.int().min(2),
  startTime: z.string(),
  runId: z.string().min(8),
  name: z.string(),
});

export interface ProcessRecords {
  /** To be called right after the start of a process. Returns a function that removes the record. */
  add(pid: number, name: string): () => void;
}

export function openProcessRecords(directory: string, runId: string): ProcessRecords {
  return {
    add: (pid, name) => {
      const identity = identify(pid);
      if (identity === undefined) return () => undefined; // it has already exited
      const path = join(directory, `${pid}.json`);
      // A full disk must not stop a service: without a record it is still found by the run id in its environment.
      attempt(() => writeAtomically(path, JSON.stringify({ ...identity, runId, name })));
      return () => attempt(() => rmSync(path, { force: true }));
    },
  };
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The record is optional.
  }
}

export function readProcessRecords(directory: string): readonly ProcessRecord[] {
  return readdirSync(directory).flatMap((name) => {
    if (!name.endsWith(".json")) return [];
    try {
      const parsed = schema.safeParse(JSON.parse(readFileSync(join(directory, name), "utf8")));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}

export function removeProcessRecords(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { force: true });
}
