import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "@cocktail/embedded-postgres/internal";
import { parseProcess, type ProcessName } from "./run-file.ts";
import { stateDirectory } from "./state-directory.ts";

/**
 * The living process that holds a state directory. It takes the lock first of all, well before its run file tells where
 * it listens, so this is how one that is only starting, or stopping, is seen.
 */
export async function lockHolder(cocktailDirectory: string): Promise<ProcessName | undefined> {
  const path = join(stateDirectory(cocktailDirectory), "lock");
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    const holder = parseProcess(JSON.parse(text));
    return holder !== undefined && isAlive(holder) ? holder : undefined;
  } catch {
    return undefined;
  }
}
