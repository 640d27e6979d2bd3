import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { identify, isAlive, type ProcessIdentity } from "@cocktail/embedded-postgres/internal";
import { z } from "zod";

export type LockOutcome =
  | { readonly ok: true; readonly release: () => void }
  | { readonly ok: false; readonly holder: ProcessIdentity };

const schema = z.object({ pid: z.int(), startTime: z.string() });
const refused: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);

/**
 * One cocktail for a state directory. A hard link is made or refused by the system in one step, and appears with its
 * content; a lock whose holder is dead is taken over, by one process at a time.
 */
export function acquireLock(path: string): LockOutcome {
  const own = `${path}.${process.pid}`;
  const me = identify(process.pid);
  writeFileSync(own, JSON.stringify(me), { mode: 0o600 });
  try {
    for (;;) {
      if (link(own, path)) return { ok: true, release: () => release(path, me) };
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder)) return { ok: false, holder };
      removeStale(path);
    }
  } finally {
    rmSync(own, { force: true });
  }
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
    // Somebody else is at it. One who died here left it behind; it is never held for longer than a moment.
    const made = statSync(mutex, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > 5_000) rmSync(mutex, { recursive: true, force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    return;
  }
  try {
    const holder = readHolder(path);
    if (holder === undefined || !isAlive(holder)) rmSync(path, { force: true });
  } finally {
    rmdirSync(mutex);
  }
}

/** Undefined where there is none, or what is there names no process. Throws where it may not be read: it may be held. */
function readHolder(path: string): ProcessIdentity | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch (error) {
    const isRefused = error instanceof Error && "code" in error && refused.has(String(error.code));
    if (isRefused) throw error;
    return undefined;
  }
}

function release(path: string, me: ProcessIdentity | undefined): void {
  const holder = readHolder(path);
  if (holder?.pid === me?.pid && holder?.startTime === me?.startTime) rmSync(path, { force: true });
}
