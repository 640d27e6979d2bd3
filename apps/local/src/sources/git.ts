import type { Readable } from "node:stream";
import { type Child, describeExit, drainOutput, startChild } from "../processes/child-process.ts";
import { endGroup } from "../processes/process-group.ts";

/** The result of git. A non-zero exit is a value: the caller decides what it means. */
export interface GitAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that failed. What git and its filters printed may hold passwords, so it is no part of the message. */
export class GitFailure extends Error {
  override readonly name = "GitFailure";
  readonly printed: string;

  constructor(command: string, printed: string) {
    super(`${command} failed; its log has what git printed`);
    this.printed = printed;
  }
}

export interface GitOptions {
  /** Default two minutes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** No hooks, which are meant for the user's own checkouts, and no file system monitor, which would outlive this process. */
const settings = ["core.hooksPath=/dev/null", "core.fsmonitor=false", "advice.detachedHead=false"];

let stopping = new AbortController();

/** Ends every git that runs, with its filters: none outlives this process, and nothing that stops waits for one. */
export function stopGit(): void {
  stopping.abort();
  stopping = new AbortController();
}

/** Runs git in a directory: without prompts, and without a GIT_DIR inherited from the shell. */
export async function git(
  directory: string,
  args: readonly string[],
  { signal, timeoutMs = 120_000 }: GitOptions = {},
): Promise<GitAnswer> {
  const command = ["git", ...settings.flatMap((setting) => ["-c", setting]), ...args];
  const child = startChild({ command, directory, env: gitEnvironment() });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const limits = [
    AbortSignal.timeout(timeoutMs),
    stopping.signal,
    ...(signal === undefined ? [] : [signal]),
  ];
  const wasEnded = await endAtLimit(AbortSignal.any(limits), child);
  const exit = await child.exited;
  await drainOutput(child);
  const why = wasEnded ? "timed out, or was aborted" : `git ${describeExit(exit)}`;
  return { ok: exit.code === 0, stdout: stdout(), stderr: stderr().trim() || why };
}

/** True where it had to be ended: the whole group, since git does not end its own subprocesses and filters when it is killed. */
async function endAtLimit(limit: AbortSignal, { exited, pid }: Child): Promise<boolean> {
  if (pid === 0) return false;
  const { promise: over, resolve } = Promise.withResolvers<true>();
  const onAbort = (): void => resolve(true);
  limit.addEventListener("abort", onAbort, { once: true });
  if (limit.aborted) onAbort();
  const isLimit = await Promise.race([exited.then(() => false), over]);
  limit.removeEventListener("abort", onAbort);
  if (isLimit) await endGroup(pid, { graceMs: 2_000 });
  return isLimit;
}

/** Collects up to 32 MiB; the rest is dropped. */
function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  let left = 32 * 1024 * 1024;
  stream.on("data", (chunk: Buffer) => {
    if (left > 0) chunks.push(chunk);
    left -= chunk.length;
  });
  stream.on("error", () => undefined);
  return () => Buffer.concat(chunks).toString("utf8");
}

function gitEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || /^GIT_(?!SSH|CONFIG)/.test(name) ? [] : [[name, value] as const],
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
  };
}

/** The repository that contains a directory. */
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

/** The commit that a name resolves to, or undefined. The name is never parsed as an option. */
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
  return !/\p{Cc}/u.test(text);
}
