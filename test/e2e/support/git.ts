import { execFileSync } from "node:child_process";

/** Makes the directory a repository with one commit and these branches. */
export function makeRepository(directory: string, branches: readonly string[]): void {
  const git = (...args: readonly string[]): void => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    execFileSync("git", [...identity, ...args], { cwd: directory, stdio: "pipe" });
  };
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all", ".");
  git("commit", "--quiet", "--message=first");
  for (const branch of branches) git("branch", branch);
}
