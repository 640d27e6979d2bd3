import { linkSync, mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readIfPresent } from "./atomic-file.ts";
import { identify, isAlive, parseIdentity, type ProcessIdentity } from "./process-identity.ts";

export type LockOutcome =
  | { readonly ok: true; readonly release: () => void }
  | { readonly ok: false; readonly holder: ProcessIdentity };

/**
 * One cocktail for a state directory. A hard link is created or refused by the system in one step, and appears with its
 * content; a lock whose holder is dead is taken over, by one process at a time. Throws where the lock cannot be read or
 * written.
 */
export function acquireLock(path: string): LockOutcome {
  const own = `${path}.${process.pid}`;
  const me = identify(process.pid);
  writeFileSync(own, JSON.stringify(me), { mode: 0o600 });
  try {
    for (;;) {
      if (link(own, path)) return { ok: true, release: () => release(path, me) };
      const holder = lockHolder(path);
      if (holder !== undefined) return { ok: false, holder };
      removeStale(path);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * The living process that holds a lock, undefined where there is none. It is the first thing that a start writes, well
 * before its run file, so it also shows a cocktail that is starting or stopping. Throws where the lock cannot be read: its
 * holder may well be alive, as another user's is.
 */
export function lockHolder(path: string): ProcessIdentity | undefined {
  const holder = readHolder(path);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Between looking at a stale lock and removing it another process may have put its own there: only one at a time may
 * remove, and looks again before it does.
 */
export function removeStale(path: string): void {
  const mutex = `${path}.takeover`;
  try {
    mkdirSync(mutex);
  } catch {
    // Another process is taking it over, or was killed while it did: the mutex is never held for longer than a moment.
    const made = statSync(mutex, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > 5_000) rmSync(mutex, { recursive: true, force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return;
  }
  try {
    if (lockHolder(path) === undefined) rmSync(path, { force: true });
  } finally {
    rmdirSync(mutex);
  }
}

function readHolder(path: string): ProcessIdentity | undefined {
  const text = readIfPresent(path);
  try {
    return text === undefined ? undefined : parseIdentity(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function release(path: string, me: ProcessIdentity | undefined): void {
  const holder = readHolder(path);
  if (holder?.pid === me?.pid && holder?.startTime === me?.startTime) rmSync(path, { force: true });
}
