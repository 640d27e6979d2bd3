import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";

/** `.cocktail`, beside the file. */
export function stateDirectory(cocktailDirectory: string): string {
  return join(cocktailDirectory, ".cocktail");
}

/** Makes it; throws a `Failure` where it can't be used, before anything is started. */
export async function prepareState(cocktailDirectory: string): Promise<void> {
  const state = stateDirectory(cocktailDirectory);
  await usingState(cocktailDirectory, async () => {
    await mkdir(join(state, "logs"), { recursive: true, mode: 0o700 });
    await writeFile(join(state, ".gitignore"), "*\n");
  });
}

/** What the system refuses there is not a defect of ours: most often another user made it. */
export async function usingState<T>(cocktailDirectory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      {
        code: "STATE_UNUSABLE",
        message: `${stateDirectory(cocktailDirectory)} can't be used: ${why}`,
        fix: "it must be a directory of yours, or one that you may make; if another user made it, such as root, work as that one",
      },
      { cause: error },
    );
  }
}
