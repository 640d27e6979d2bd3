import { renameSync, rmSync, writeFileSync } from "node:fs";

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
