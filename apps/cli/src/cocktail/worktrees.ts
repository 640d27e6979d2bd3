import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Finds the repositories of worktrees while these exist, and gives what makes git forget them once they don't: without
 * it, git would still take their branches for checked out. Never `prune`: that also forgets other worktrees of the user's,
 * on a disk that is away.
 */
export async function forgetWorktrees(worktrees: readonly string[]): Promise<() => Promise<void>> {
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
    // No git, or no repository any more: then there is nothing to forget.
    return undefined;
  }
}
