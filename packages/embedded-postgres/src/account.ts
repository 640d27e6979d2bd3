import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { userInfo } from "node:os";
import { join } from "node:path";
import { openFilesFix } from "@cocktail/local-state";
import { type Binaries, copyBinaries, makeLinks } from "./binaries.ts";
import { childEnvironment } from "./child-environment.ts";
import { PostgresError, unusableDirectory, useOwnDatabase } from "./errors.ts";

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * As whom Postgres runs. It refuses to be root, and initdb wants a uid that has a name, so root (and a nameless uid) need a
 * substitute; no account is ever created.
 * - `own`: this user.
 * - `userNamespace`: this user, mapped to `nobody` in a user namespace. Files keep their owner.
 * - `capability`: the account `nobody`, with the one capability to traverse a home directory closed to others.
 * - `nobody`: the account `nobody`.
 */
export interface Account {
  readonly kind: "own" | "userNamespace" | "capability" | "nobody";
  /** Put before every command line. */
  readonly prefix: readonly string[];
  /** Given to spawn; absent: unchanged. */
  readonly spawn: { readonly uid?: number; readonly gid?: number };
  /** Who must own the data directory. */
  readonly owner: Owner | undefined;
}

export interface AccountFacts {
  readonly uid: number;
  readonly gid: number;
  readonly named: boolean;
  readonly platform: NodeJS.Platform;
  /** A harmless account of this system. */
  readonly nobody: Owner | undefined;
}

const own: Account = { kind: "own", prefix: [], spawn: {}, owner: undefined };

/** What may work, best first. */
export function accountCandidates(facts: AccountFacts): readonly Account[] {
  const { nobody, uid, gid } = facts;
  if (uid !== 0 && facts.named) return [own];
  const candidates: Account[] = [];
  if (facts.platform === "linux" && nobody !== undefined) {
    const ids = [`--map-user=${nobody.uid}`, `--map-group=${nobody.gid}`];
    candidates.push({
      kind: "userNamespace",
      prefix: ["unshare", "--user", ...ids],
      spawn: {},
      owner: { uid, gid },
    });
    if (uid === 0) candidates.push(withCapability(nobody));
  }
  if (uid === 0 && nobody !== undefined) {
    candidates.push({ kind: "nobody", prefix: [], spawn: nobody, owner: nobody });
  }
  return candidates;
}

function withCapability(nobody: Owner): Account {
  const prefix = [
    "setpriv",
    // Without it access(2), by which initdb looks for postgres, ignores the capability.
    "--securebits=+no_setuid_fixup",
    `--reuid=${nobody.uid}`,
    `--regid=${nobody.gid}`,
    "--clear-groups",
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=+dac_override",
  ];
  return { kind: "capability", prefix, spawn: {}, owner: nobody };
}

/** The first account that really can run these binaries in this directory, and binaries that it can run. */
export function chooseAccount(
  directory: string,
  binaries: Binaries,
  candidates: readonly Account[] = accountCandidates(gatherFacts()),
): { readonly account: Account; readonly binaries: Binaries } {
  const tried: string[] = [];
  for (const account of candidates) {
    prepareDirectory(directory, account.owner);
    const runnable = runnableBinaries(directory, binaries, account);
    if (runnable.ok) return { account, binaries: runnable.binaries };
    tried.push(`${account.kind}: ${runnable.why}`);
  }
  throw cannotRun(gatherFacts(), tried);
}

type Runnable =
  | { readonly ok: true; readonly binaries: Binaries }
  | { readonly ok: false; readonly why: string };

/** The installed binaries; or a copy inside the directory, where they are closed to the account or lack their links. */
function runnableBinaries(directory: string, installed: Binaries, account: Account): Runnable {
  const why = makeLinks(installed.root)
    ? probe(directory, installed, account)
    : "links are missing";
  if (why === undefined) return { ok: true, binaries: installed };
  if (account.kind === "own" && !/links|cannot open|libr/i.test(why)) return { ok: false, why };
  try {
    const copy = copyBinaries(installed, join(directory, "native"));
    chownTree(copy.root, account.owner);
    const stillWhy = probe(directory, copy, account);
    return stillWhy === undefined ? { ok: true, binaries: copy } : { ok: false, why: stillWhy };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

/** Undefined when the account can run Postgres and write in the directory; else why not. */
function probe(directory: string, binaries: Binaries, account: Account): string | undefined {
  const script = '"$1" --version >/dev/null && : >"$2/.probe" && rm "$2/.probe"';
  const [command, ...args] = [
    ...account.prefix,
    "sh",
    "-c",
    script,
    "sh",
    binaries.postgres,
    directory,
  ];
  const result = spawnSync(command, args, {
    ...account.spawn,
    encoding: "utf8",
    env: childEnvironment(),
    timeout: 20_000,
  });
  if (result.status === 0) return undefined;
  return (
    result.error?.message ?? (result.stderr.trim() || `exit ${result.status ?? result.signal}`)
  );
}

/** Created for its owner alone; its owner is changed if an earlier start ran under another account. */
function prepareDirectory(directory: string, owner: Owner | undefined): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    if (owner !== undefined && lstatSync(directory).uid !== owner.uid) chownTree(directory, owner);
  } catch (cause) {
    throw unusableDirectory(directory, cause);
  }
}

function chownTree(path: string, owner: Owner | undefined): void {
  if (owner === undefined || process.getuid?.() !== 0) return;
  if (lstatSync(path).isSymbolicLink()) return;
  chownSync(path, owner.uid, owner.gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) chownTree(join(path, name), owner);
}

export function gatherFacts(): AccountFacts {
  const platform = process.platform;
  const uid = process.getuid?.() ?? 1;
  return { uid, gid: process.getgid?.() ?? 1, named: hasName(), platform, nobody: findNobody() };
}

function hasName(): boolean {
  try {
    return userInfo().username !== "";
  } catch {
    return false; // the uid has no passwd entry, as in some containers
  }
}

function findNobody(): Owner | undefined {
  try {
    return parseNobody(readFileSync("/etc/passwd", "utf8"));
  } catch {
    return undefined;
  }
}

/** `nobody`, or else `daemon`, of a passwd file: accounts that own nothing. */
export function parseNobody(passwd: string): Owner | undefined {
  for (const wanted of ["nobody", "daemon"]) {
    for (const line of passwd.split("\n")) {
      const [name, , uid, gid] = line.split(":");
      if (name === wanted && Number(uid) !== 0) return { uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}

function cannotRun(facts: AccountFacts, tried: readonly string[]): PostgresError {
  const details = tried.length > 0 ? ` Tried ${tried.join("; ")}.` : "";
  if (facts.uid !== 0 && facts.named) {
    return new PostgresError(
      "UNSUPPORTED_PLATFORM",
      `The embedded Postgres doesn't run here.${details}`,
      {
        fix: useOwnDatabase,
      },
    );
  }
  const who = facts.uid === 0 ? "root" : `uid ${facts.uid}, which has no entry in /etc/passwd`;
  return new PostgresError(
    "NO_ACCOUNT",
    `Postgres refuses to run as ${who}, and no substitute works here.${details}`,
    {
      fix: openFilesFix(details) ?? `Start as an ordinary user, or: ${useOwnDatabase}`,
    },
  );
}
