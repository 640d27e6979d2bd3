import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Which of the files, relative to the directory, git ignores; none where there is no repository, or no git. */
export async function ignoredFiles(
  directory: string,
  files: readonly string[],
): Promise<ReadonlySet<string>> {
  if (files.length === 0) return new Set();
  return await ask(directory, ["check-ignore", "-z", "--stdin"], `${files.join("\0")}\0`);
}

/** All that git ignores below the directory now; of an ignored directory only itself. */
export async function allIgnored(directory: string): Promise<ReadonlySet<string>> {
  const list = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
  const found = await ask(directory, list, "");
  return new Set([...found].map((path) => path.replace(/\/$/, "")));
}

/** Empty where git fails: `check-ignore` does where it ignores none of them. */
async function ask(
  directory: string,
  command: readonly string[],
  input: string,
): Promise<ReadonlySet<string>> {
  const words = ["-C", directory, "-c", "core.fsmonitor=false", ...command];
  const limits = { timeout: 30_000, maxBuffer: 64 * 1024 * 1024 };
  try {
    const asked = promisify(execFile)("git", words, limits);
    // A git that ends at once, since there is no repository, reads nothing.
    asked.child.stdin?.on("error", () => undefined).end(input);
    const { stdout } = await asked;
    return new Set(stdout.split("\0").filter((path) => path !== ""));
  } catch {
    return new Set();
  }
}
