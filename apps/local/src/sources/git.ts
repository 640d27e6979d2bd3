import { execFile } from "node:child_process";

/** What git said. Expected outcomes are values: whoever asks decides what a non-zero exit means. */
export interface GitAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Asks git in a directory. Hooks don't run (a worktree of ours is nobody's checkout), nothing is asked at the terminal, and
 * a GIT_DIR of the shell that started us points nowhere.
 */
export function git(directory: string, args: readonly string[]): Promise<GitAnswer> {
  const command = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", ...args];
  return new Promise((resolve) => {
    execFile(
      "git",
      command,
      { cwd: directory, env: gitEnvironment(), maxBuffer: 32 * 1024 * 1024, timeout: 120_000 },
      (error, stdout, stderr) => {
        const said = stderr.trim() === "" && error !== null ? error.message : stderr;
        resolve({ ok: error === null, stdout, stderr: said.trim() });
      },
    );
  });
}

function gitEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^GIT_(?!SSH|CONFIG)/.test(name));
  return {
    ...Object.fromEntries(kept),
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
  };
}

/** Where a directory stands in the repository around it. */
export interface Repository {
  /** Absolute path of the top directory. */
  readonly top: string;
  /** Absolute path of the shared .git directory: one for all worktrees of a repository. */
  readonly common: string;
  /** The directory relative to the top: empty, or `services/payment/`. */
  readonly prefix: string;
}

export type RepositoryAnswer =
  | { readonly ok: true; readonly repository: Repository }
  | { readonly ok: false; readonly why: string };

/** The repository that holds a directory. */
export async function findRepository(directory: string): Promise<RepositoryAnswer> {
  const args = [
    "rev-parse",
    "--path-format=absolute",
    "--show-toplevel",
    "--git-common-dir",
    "--show-prefix",
  ];
  const answer = await git(directory, args);
  const [top, common, prefix = ""] = answer.stdout.split("\n");
  if (!answer.ok || top === undefined || common === undefined)
    return { ok: false, why: answer.stderr };
  return { ok: true, repository: { top, common, prefix } };
}

export type BranchAnswer =
  | { readonly ok: true; readonly commit: string }
  | { readonly ok: false; readonly why: string };

/** The commit of a local branch, or else of the one remote-tracking branch of that name. Nothing is fetched. */
export async function findBranch(directory: string, branch: string): Promise<BranchAnswer> {
  const local = await commitOf(directory, `refs/heads/${branch}`);
  if (local !== undefined) return { ok: true, commit: local };
  const remotes = await git(directory, ["remote"]);
  const commits = new Map<string, string>();
  for (const remote of remotes.stdout.split("\n").filter((name) => name !== "")) {
    const commit = await commitOf(directory, `refs/remotes/${remote}/${branch}`);
    if (commit !== undefined) commits.set(remote, commit);
  }
  const found = new Set(commits.values());
  const [only] = found;
  if (only !== undefined && found.size === 1) return { ok: true, commit: only };
  const origin = commits.get("origin");
  if (origin !== undefined) return { ok: true, commit: origin };
  const why =
    only === undefined
      ? "no such branch, here or on a remote"
      : `${[...commits.keys()].join(" and ")} disagree`;
  return { ok: false, why };
}

/** The commit a name means, or undefined. The name is never taken for an option. */
export async function commitOf(directory: string, name: string): Promise<string | undefined> {
  const answer = await git(directory, [
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${name}^{commit}`,
  ]);
  return answer.ok ? answer.stdout.trim() : undefined;
}

/** git-check-ref-format(1), as far as it protects the commands above. */
export function isBranchName(text: string): boolean {
  if (text === "" || text.startsWith("-") || text.length > 1_000) return false;
  if (/[\s~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.lock$|\.$/.test(text)) return false;
  return !Array.from(text).some((character) => character < " " || character === "\x7f");
}
