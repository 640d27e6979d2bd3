import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname } from "node:path";

/** An account that owns nothing. */
const nobody = 65_534;

/**
 * Whether another user of this machine can read a file, or open a socket, below a directory that is open to all: tried as
 * one where the tests run as root, and otherwise told from the modes along the path.
 */
export function canRead(path: string, below: string): boolean {
  if (process.getuid?.() === 0) {
    const look = ["-c", 'test -r "$1"', "sh", path];
    return spawnSync("/bin/sh", look, { uid: nobody, gid: nobody }).status === 0;
  }
  for (let at = path; at !== below; at = dirname(at))
    if ((statSync(at).mode & 0o77) === 0) return false;
  return true;
}
