import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openFilesFix } from "@cocktail/local-state";
import type { Account } from "./account.ts";
import { superuser } from "./address.ts";
import type { Binaries } from "./binaries.ts";
import { childEnvironment } from "./child-environment.ts";
import { PostgresError, unusableDirectory, useOwnDatabase } from "./errors.ts";

/** A data directory, made or found. */
export interface Cluster {
  readonly data: string;
  readonly password: string;
}

/** Makes the data directory, in one step as seen from outside: one that was cut off in the middle is made anew. */
export function prepareCluster(directory: string, binaries: Binaries, account: Account): Cluster {
  const data = join(directory, "data");
  if (!existsSync(join(data, "PG_VERSION"))) {
    if (!isAbsentOrEmpty(data)) throw foreignData(data);
    initialise(directory, binaries, account);
  }
  const major = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
  if (major !== binaries.major) throw otherVersion(data, major, binaries.major);
  const sockets = join(directory, "socket");
  mkdirSync(sockets, { recursive: true, mode: 0o700 });
  handOver(sockets, account);
  return { data, password: readPassword(directory) };
}

function initialise(directory: string, binaries: Binaries, account: Account): void {
  const unfinished = join(directory, "data.new");
  const passwordFile = join(directory, "password");
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, `${randomBytes(24).toString("hex")}\n`, { mode: 0o600 });
  handOver(passwordFile, account);
  const [command, ...args] = [
    ...account.prefix,
    binaries.initdb,
    "--pgdata",
    unfinished,
    "--username",
    superuser,
    "--pwfile",
    passwordFile,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    // The same sort order on every system, independent of its C library.
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
    "--no-sync",
  ];
  const result = spawnSync(command, args, {
    ...account.spawn,
    cwd: directory,
    encoding: "utf8",
    env: childEnvironment(),
    timeout: 120_000,
  });
  if (result.status !== 0) throw initFailed(result.error?.message ?? result.stderr);
  renameSync(unfinished, join(directory, "data"));
}

/** Only what this package created is deleted: the directory may hold a `data` of the user. */
function isAbsentOrEmpty(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return !existsSync(path);
  }
}

function readPassword(directory: string): string {
  try {
    return readFileSync(join(directory, "password"), "utf8").trim();
  } catch (cause) {
    throw unusableDirectory(directory, cause);
  }
}

function handOver(path: string, account: Account): void {
  if (account.owner !== undefined && process.getuid?.() === 0) {
    chownSync(path, account.owner.uid, account.owner.gid);
  }
}

function initFailed(output: string): PostgresError {
  return new PostgresError("START_FAILED", `initdb failed: ${output.trim().slice(-2000)}`, {
    fix: openFilesFix(output) ?? `Free some disk space, or: ${useOwnDatabase}`,
  });
}

function foreignData(data: string): PostgresError {
  return new PostgresError(
    "DIRECTORY_UNUSABLE",
    `${data} holds something that is not a PostgreSQL data directory.`,
    { fix: `Use another directory, or delete ${data} to discard what it holds.` },
  );
}

function otherVersion(data: string, found: string, wanted: string): PostgresError {
  return new PostgresError(
    "DIRECTORY_UNUSABLE",
    `${data} was made by PostgreSQL ${found}; this is PostgreSQL ${wanted}.`,
    { fix: `Delete ${data} to discard its data, or: ${useOwnDatabase}` },
  );
}
