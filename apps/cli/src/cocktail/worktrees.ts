import { execFile } from "node:child_process";
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { readRepositories, recordedIn } from "@cocktail/local-state";

/**
 * Looks up what the repositories have recorded of the worktrees in a directory, and returns a function that removes those
 * records after the deletion; otherwise git treats their branches as checked out. `git worktree prune` is not an option: it
 * also unregisters the user's own worktrees on an unmounted disk.
 */
export async function prepareUnregister(directory: string): Promise<() => Promise<void>> {
  const recorded = new Map<string, readonly string[]>();
  const real = await realpath(directory).catch(() => directory);
  for (const repository of await repositoriesOf(directory)) {
    const listed = (await git(repository, "worktree", "list", "--porcelain")) ?? "";
    recorded.set(repository, recordedIn(real, listed));
  }
  return async () => {
    for (const [repository, worktrees] of recorded) {
      // Twice: the record of a worktree whose making was cut off is locked.
      for (const worktree of worktrees)
        await git(repository, "worktree", "remove", "--force", "--force", worktree);
    }
  };
}

/** Those that were written down, and, of an earlier version, those that the worktrees themselves name. */
async function repositoriesOf(directory: string): Promise<ReadonlySet<string>> {
  const found = new Set(readRepositories(directory));
  for (const name of await readdir(directory).catch(() => [])) {
    const args = ["rev-parse", "--path-format=absolute", "--git-common-dir"] as const;
    const common = await git(join(directory, name), ...args);
    if (common !== undefined) found.add(common);
  }
  return found;
}

async function git(directory: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", directory, ...args]);
    return stdout.trim();
  } catch {
    // No git, or the repository is gone: nothing to unregister.
    return undefined;
  }
}
