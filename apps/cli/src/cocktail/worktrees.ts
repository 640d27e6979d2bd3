import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Looks up the repositories of worktrees and returns a function that unregisters the worktrees after their deletion;
 * otherwise git treats their branches as checked out. `git worktree prune` is not an option: it also unregisters the
 * user's own worktrees on an unmounted disk.
 */
export async function prepareUnregister(
  worktrees: readonly string[],
): Promise<() => Promise<void>> {
  const repositories = new Map<string, string>();
  for (const worktree of worktrees) {
    const common = await git(worktree, "rev-parse", "--path-format=absolute", "--git-common-dir");
    if (common !== undefined) repositories.set(worktree, common);
  }
  return async () => {
    for (const [worktree, repository] of repositories)
      await git(repository, "worktree", "remove", "--force", worktree);
  };
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
