import { git } from "./git.ts";

/** So many files are named in a warning. */
const maxNamed = 3;

/**
 * What a user who deploys a branch may take for part of it: edits in the working copy in which the branch is checked out.
 * Undefined where there are none, or another branch is checked out.
 */
export async function warnOfEdits(top: string, branch: string): Promise<string | undefined> {
  const head = await git(top, ["symbolic-ref", "--quiet", "HEAD"]);
  if (head.stdout.trim() !== `refs/heads/${branch}`) return undefined;
  const status = await git(top, ["status", "--porcelain", "-z", "--no-renames"]);
  const files = status.stdout
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => entry.slice(3));
  if (!status.ok || files.length === 0) return undefined;
  const more = files.length > maxNamed ? ` and ${files.length - maxNamed} more` : "";
  const named = `${files.slice(0, maxNamed).join(", ")}${more}`;
  return `uncommitted edits in ${top} are not deployed: ${named}; commit them, or deploy the directory with --path`;
}
