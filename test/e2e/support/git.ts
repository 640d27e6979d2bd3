import { execFileSync } from "node:child_process";

/** Runs git with nothing of the user's configuration (signing, hooks), and gives what it printed. */
export function git(directory: string, ...args: readonly string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  const options = { cwd: directory, env, encoding: "utf8", stdio: "pipe" } as const;
  return execFileSync("git", [...identity, ...args], options).trim();
}

/** Makes the directory a repository with one commit and these branches. */
export function makeRepository(directory: string, branches: readonly string[]): void {
  git(directory, "init", "--quiet", "--initial-branch=main");
  git(directory, "add", "--all", ".");
  git(directory, "commit", "--quiet", "--message=first");
  for (const branch of branches) git(directory, "branch", branch);
}
