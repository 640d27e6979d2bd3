import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeAtomically } from "./atomic-file.ts";

/**
 * The repositories, by their shared .git directories, that have records of checkouts in `worktrees`. Known before the first
 * checkout is made, so that a record is found again whatever became of the checkout.
 */
export function readRepositories(worktrees: string): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(fileOf(worktrees), "utf8"));
    return Array.isArray(parsed) ? parsed.filter((one) => typeof one === "string") : [];
  } catch {
    return []; // none yet, or a file that was cut short: the next checkout writes it again
  }
}

export function rememberRepository(worktrees: string, common: string): void {
  const known = readRepositories(worktrees);
  if (known.includes(common)) return;
  writeAtomically(fileOf(worktrees), JSON.stringify([...known, common]));
}

function fileOf(worktrees: string): string {
  return join(dirname(worktrees), "repositories.json");
}

/** Of the output of `git worktree list --porcelain`, the checkouts that lie in `worktrees`. */
export function recordedIn(worktrees: string, porcelain: string): readonly string[] {
  return porcelain
    .split("\n")
    .filter((line) => line.startsWith(`worktree ${worktrees}/`))
    .map((line) => line.slice("worktree ".length));
}
