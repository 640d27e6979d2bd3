import { statSync } from "node:fs";

/** Why a path can't be a working directory; undefined where it can. */
export function directoryFault(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return "does not exist";
    return found.isDirectory() ? undefined : "is not a directory";
  } catch (error) {
    // The path is too long, has a loop of links, or lies in a directory that this user may not enter.
    return `can't be accessed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
