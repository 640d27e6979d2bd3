import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { KeyedQueue } from "../keyed-queue.ts";
import { commitOf, findBranch, findRepository, git, type Repository } from "./git.ts";

export interface WorktreeRequest {
  readonly service: string;
  readonly key: string;
  /** Who uses it, until `release`: `payment-service:mp-101#2`. */
  readonly holder: string;
  /** The service's own directory: its repository is the one a worktree is made of. */
  readonly servicePath: string;
  readonly branch: string;
  /** That commit, whatever the branch says by now. */
  readonly revision?: string | undefined;
  /** Ends the making of it. */
  readonly signal?: AbortSignal | undefined;
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

/** Digits of the commit in the name of a checkout. */
const shortCommit = 12;

/** Left behind by interpreters and package managers, not by people: no work is lost with these. */
const droppings = ["__pycache__/", "*.pyc", "node_modules/", ".venv/", ".DS_Store"];

/**
 * Checkouts of branches, in `<root>/<service>.<key>.<commit>`: one for each commit of a variant, so that a redeploy never
 * changes the files, or the installed packages, of the incarnation that still serves. They are detached: a branch that is
 * checked out in the developer's own clone can be deployed, and stays free to be checked out there.
 */
export class Worktrees {
  readonly #root: string;
  /** Of one service, so that nothing is removed while it is being taken into use. */
  readonly #services = new KeyedQueue();
  /** Of one repository, whose list of worktrees git writes. */
  readonly #repositories = new KeyedQueue();
  /** holder -> path. */
  readonly #held = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Every checkout of a variant, of this run and of earlier ones. */
  paths(service: string, key: string): readonly string[] {
    const prefix = `${service}.${key}.`;
    if (!existsSync(this.#root)) return [];
    return readdirSync(this.#root)
      .filter((name) => name.startsWith(prefix) && /^[0-9a-f]{12}$/.test(name.slice(prefix.length)))
      .map((name) => join(this.#root, name));
  }

  /** Makes the checkout of where the branch is now, or finds it. */
  async ensure(request: WorktreeRequest): Promise<WorktreeOutcome> {
    const found = await findRepository(request.servicePath);
    if (!found.ok) {
      const message = `${request.servicePath} is in no git repository (${found.why})`;
      return { ok: false, reason: "NoRepository", message };
    }
    const { repository } = found;
    return await this.#services.run(request.service, () => this.#ensureIn(repository, request));
  }

  async #ensureIn(repository: Repository, request: WorktreeRequest): Promise<WorktreeOutcome> {
    const target = await targetCommit(repository, request);
    if (!target.ok) {
      const message = `branch ${request.branch} of ${repository.top}: ${target.why}`;
      return { ok: false, reason: "BranchNotFound", message };
    }
    const { commit } = target;
    const name = `${request.service}.${request.key}.${commit.slice(0, shortCommit)}`;
    const path = join(this.#root, name);
    this.#held.set(request.holder, path);
    const notes = (await isCheckoutOf(path, repository))
      ? await restore(path, commit)
      : await this.#repositories.run(repository.common, () =>
          create(repository, path, commit, request.signal),
        );
    const directory = resolve(path, repository.prefix);
    if (existsSync(directory)) return { ok: true, directory, notes };
    const message = `${repository.prefix} does not exist at ${commit.slice(0, 12)} of ${request.branch}`;
    return { ok: false, reason: "PathMissing", message };
  }

  /** The holder is gone. Checkouts of the variant that nobody holds go too, unless work would be lost with them. */
  async release(holder: string, service: string, key: string): Promise<void> {
    await this.#services.run(service, async () => {
      this.#held.delete(holder);
      const held = new Set(this.#held.values());
      for (const path of this.paths(service, key)) {
        if (!held.has(path) && !(await holdsWork(path))) await this.#remove(path);
      }
    });
  }

  /** True when removing the variant's checkouts would lose changes, files or commits that are nowhere else. */
  async hasUncommittedWork(service: string, key: string): Promise<boolean> {
    for (const path of this.paths(service, key)) {
      if (await holdsWork(path)) return true;
    }
    return false;
  }

  /** All checkouts of a variant, with whatever is in them. */
  async removeAll(service: string, key: string): Promise<void> {
    await this.#services.run(service, async () => {
      for (const path of this.paths(service, key)) await this.#remove(path);
    });
  }

  async #remove(path: string): Promise<void> {
    const found = await findRepository(path);
    const common = found.ok ? found.repository.common : undefined;
    await this.#repositories.run(common ?? path, async () => {
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      // Its record lies in the repository. Never `prune`: that also forgets the user's own worktrees on a disk that is away.
      if (common !== undefined) await git(common, ["worktree", "remove", "--force", path]);
    });
  }
}

async function isCheckoutOf(path: string, repository: Repository): Promise<boolean> {
  if (!existsSync(join(path, ".git"))) return false;
  const found = await findRepository(path);
  return found.ok && found.repository.common === repository.common;
}

async function holdsWork(path: string): Promise<boolean> {
  if (!existsSync(join(path, ".git"))) return false;
  if (await isDirty(path)) return true;
  // Commits made on the detached HEAD that no branch, tag or remote holds. Nobody made the one that was checked out here:
  // its branch was rebased or deleted since.
  const ours = await commitOf(path, basename(path).slice(-shortCommit));
  const elsewhere = ["--branches", "--remotes", "--tags", ...(ours === undefined ? [] : [ours])];
  const query = ["rev-list", "--max-count=1", "HEAD", "--not", ...elsewhere];
  const nowhere = await git(path, query);
  return nowhere.ok && nowhere.stdout.trim() !== "";
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

async function create(
  repository: Repository,
  path: string,
  commit: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  await rm(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const add = ["worktree", "add", "--force", "--detach", path, commit];
  // Large files may come from far away; a variant as a whole has ten minutes.
  const added = await git(repository.top, add, { signal, timeoutMs: 600_000 });
  if (!added.ok) throw new Error(`git worktree add ${path}: ${added.stderr}`);
  if (!existsSync(join(path, ".gitmodules"))) return [];
  return [`${path}: its submodules are empty; prepare can run git submodule update --init`];
}

/** A checkout in which somebody works is left as it is; the notes say so. */
async function restore(path: string, commit: string): Promise<readonly string[]> {
  if ((await commitOf(path, "HEAD")) === commit) return [];
  if (await holdsWork(path))
    return [`${path} holds work of its own and stays as it is, not at ${commit.slice(0, 12)}`];
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
