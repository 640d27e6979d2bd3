import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseIdentity, type ProcessIdentity } from "@cocktail/local-state";

/** Who started the server in a directory, and which process it is: what the next start needs to end a leftover. */
export interface StartRecord {
  readonly owner: ProcessIdentity;
  /** Absent until there is one: the directory is claimed, and is being prepared. */
  readonly postmaster?: ProcessIdentity;
}

export function readRecord(directory: string): StartRecord | undefined {
  try {
    return parseRecord(JSON.parse(readFileSync(recordFile(directory), "utf8")));
  } catch {
    return undefined; // none, or unreadable: then the directory's own pid file decides
  }
}

/** Only one of several can: false where there is a record already. */
export function claimDirectory(directory: string, owner: ProcessIdentity): boolean {
  try {
    writeFileSync(recordFile(directory), JSON.stringify({ owner }), { mode: 0o600, flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

export function writeRecord(directory: string, record: StartRecord): void {
  const file = recordFile(directory);
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeRecord(directory: string): void {
  rmSync(recordFile(directory), { force: true });
}

function recordFile(directory: string): string {
  return join(directory, "process.json");
}

function parseRecord(value: unknown): StartRecord | undefined {
  const owner = parseIdentity(Reflect.get(Object(value), "owner"));
  const written: unknown = Reflect.get(Object(value), "postmaster");
  const postmaster = parseIdentity(written);
  if (owner === undefined || (written !== undefined && postmaster === undefined)) return undefined;
  return postmaster === undefined ? { owner } : { owner, postmaster };
}
