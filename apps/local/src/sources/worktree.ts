import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { KeyedQueue } from "../keyed-queue.ts";
import { commitOf, findBranch, findRepository, git, type Repository } from "./git.ts";

export interface WorktreeRequest {
  readonly service: string;
  readonly key: string;
  /** The service's own directory: its repository is the one a worktree is made of. */
  readonly servicePath: string;
  readonly branch: string;
  /** That commit, whatever the branch says by now. */
  readonly revision?: string | undefined;
}

export type WorktreeOutcome =
  | {
      readonly ok: true;
      /** The service's directory inside the worktree. */
      readonly directory: string;
      /** What is worth telling, one line each. */
      readonly notes: readonly string[];
    }
  | {
      readonly ok: false;
      readonly reason: "NoRepository" | "BranchNotFound" | "PathMissing";
      readonly message: string;
    };

/** Left behind by interpreters and package managers, not by people: no work is lost with these. */
const droppings = ["__pycache__/", "*.pyc", "node_modules/", ".venv/", ".DS_Store"];

/**
 * Checkouts of branches, in `<root>/<service>.<key>` (a key holds no dot, so no two variants share a name). They are detached: a branch that is checked out in the developer's
 * own clone can be deployed, and stays free to be checked out there.
 */
export class Worktrees {
  readonly #root: string;
  readonly #queue = new KeyedQueue();

  constructor(root: string) {
    this.#root = root;
  }

  path(service: string, key: string): string {
    return join(this.#root, `${service}.${key}`);
  }

  /** Makes the worktree, or moves it to where the branch is now. One with uncommitted work stays where it is. */
  async ensure(request: WorktreeRequest): Promise<WorktreeOutcome> {
    const found = await findRepository(request.servicePath);
    if (!found.ok) {
      const message = `${request.servicePath} is in no git repository (${found.why})`;
      return { ok: false, reason: "NoRepository", message };
    }
    const { repository } = found;
    return await this.#queue.run(repository.common, () => this.#ensureIn(repository, request));
  }

  async #ensureIn(repository: Repository, request: WorktreeRequest): Promise<WorktreeOutcome> {
    const target = await targetCommit(repository, request);
    if (!target.ok) {
      const message = `branch ${request.branch} of ${repository.top}: ${target.why}`;
      return { ok: false, reason: "BranchNotFound", message };
    }
    const path = this.path(request.service, request.key);
    const notes: string[] = [];
    if (await this.#isCheckoutOf(path, repository))
      notes.push(...(await move(path, target.commit)));
    else await create(repository, path, target.commit);
    const directory = join(path, repository.prefix);
    if (existsSync(directory)) return { ok: true, directory, notes };
    const message = `${repository.prefix} does not exist at ${target.commit.slice(0, 12)} of ${request.branch}`;
    return { ok: false, reason: "PathMissing", message };
  }

  async #isCheckoutOf(path: string, repository: Repository): Promise<boolean> {
    if (!existsSync(join(path, ".git"))) return false;
    const found = await findRepository(path);
    return found.ok && found.repository.common === repository.common;
  }

  /** True when removing the worktree would lose changes, files or commits that are nowhere else. */
  async hasUncommittedWork(service: string, key: string): Promise<boolean> {
    const path = this.path(service, key);
    if (!existsSync(join(path, ".git"))) return false;
    if (await isDirty(path)) return true;
    // Commits made on the detached HEAD that no branch, tag or remote holds.
    const nowhere = await git(path, [
      "rev-list",
      "--max-count=1",
      "HEAD",
      "--not",
      "--branches",
      "--remotes",
      "--tags",
    ]);
    return nowhere.ok && nowhere.stdout.trim() !== "";
  }

  exists(service: string, key: string): boolean {
    return existsSync(this.path(service, key));
  }

  async remove(service: string, key: string): Promise<void> {
    const path = this.path(service, key);
    const found = await findRepository(path);
    const common = found.ok ? found.repository.common : path;
    await this.#queue.run(common, async () => {
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
      // The record of the worktree lies in the repository; prune drops those whose directory is gone.
      if (found.ok) await git(common, ["worktree", "prune"]);
    });
  }
}

async function targetCommit(
  repository: Repository,
  request: WorktreeRequest,
): ReturnType<typeof findBranch> {
  if (request.revision === undefined) return await findBranch(repository.top, request.branch);
  const commit = await commitOf(repository.top, request.revision.replace(/-dirty$/, ""));
  if (commit !== undefined) return { ok: true, commit };
  return { ok: false, why: `commit ${request.revision} is not in the repository any more` };
}

async function create(repository: Repository, path: string, commit: string): Promise<void> {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await git(repository.top, ["worktree", "prune"]);
  const added = await git(repository.top, ["worktree", "add", "--force", "--detach", path, commit]);
  if (!added.ok) throw new Error(`git worktree add ${path}: ${added.stderr}`);
}

/** Answers notes: a worktree somebody works in is left alone. */
async function move(path: string, commit: string): Promise<readonly string[]> {
  if ((await commitOf(path, "HEAD")) === commit) return [];
  if (await isDirty(path)) {
    return [`${path} has uncommitted work and stays where it is, not at ${commit.slice(0, 12)}`];
  }
  const moved = await git(path, ["checkout", "--quiet", "--detach", commit]);
  if (!moved.ok) throw new Error(`git checkout in ${path}: ${moved.stderr}`);
  return [];
}

async function isDirty(path: string): Promise<boolean> {
  const tracked = await git(path, ["status", "--porcelain", "--untracked-files=no"]);
  if (!tracked.ok || tracked.stdout.trim() !== "") return true;
  const excludes = droppings.map((pattern) => `--exclude=${pattern}`);
  const untracked = await git(path, ["ls-files", "--others", "--exclude-standard", ...excludes]);
  return !untracked.ok || untracked.stdout.trim() !== "";
}
