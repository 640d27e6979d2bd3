import { open, readFile, rename, stat } from "node:fs/promises";
import { stateDirectory } from "@cocktail/local-state";
import { usingState } from "./state-directory.ts";

/** The log file of a detached cocktail. */
export function logPath(directory: string): string {
  return stateDirectory(directory).ownLog;
}

/** Opens an empty log and keeps the previous one as `cocktail.log.1`. The directory must exist; the caller closes the handle. */
export async function openLog(directory: string): Promise<Awaited<ReturnType<typeof open>>> {
  const path = logPath(directory);
  return await usingState(directory, async () => {
    if (((await stat(path).catch(() => undefined))?.size ?? 0) > 0) await rename(path, `${path}.1`);
    return await open(path, "a", 0o600);
  });
}

/** The last lines of the log. */
export async function lastLogLines(directory: string, count: number): Promise<readonly string[]> {
  const text = await readFile(logPath(directory), "utf8").catch(() => "");
  return text
    .trimEnd()
    .split("\n")
    .slice(-count)
    .filter((line) => line !== "");
}
