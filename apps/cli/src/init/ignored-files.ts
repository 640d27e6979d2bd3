import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Which of the names in a directory, of plain characters, git ignores; none where there is no repository, or no git. */
export async function ignoredFiles(
  directory: string,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const options = ["-C", directory, "-c", "core.fsmonitor=false"];
  const command = [...options, "check-ignore", "--", ...names];
  try {
    const { stdout } = await promisify(execFile)("git", command, { timeout: 10_000 });
    return stdout.split("\n").filter((name) => name !== "");
  } catch {
    // It exits with 1 where it ignores none of them.
    return [];
  }
}
