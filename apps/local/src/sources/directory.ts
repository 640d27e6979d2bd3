import { statSync } from "node:fs";

/** Why a path is no directory to work in; undefined where it is one. */
export function directoryFault(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return "does not exist";
    return found.isDirectory() ? undefined : "is not a directory";
  } catch (error) {
    // Too long, in a circle of links, behind a directory that is closed to this user.
    return `can't be looked at: ${error instanceof Error ? error.message : String(error)}`;
  }
}
