import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Readers see the old text or the new, never a part. Only this user may read it. */
export function writeAtomically(path: string, text: string): void {
  const beside = `${path}.${process.pid}.new`;
  try {
    writeFileSync(beside, text, { mode: 0o600 });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/**
 * The text of a file, undefined where there is no such file. Throws the system's error for every other failure: a file that
 * exists and cannot be read, such as another user's, is not an absent one.
 */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw error;
  }
}
