import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { git } from "./git.ts";
import { readRegularFile } from "@cocktail/local-state";

/** Files and bytes hashed where there is no repository; of a larger directory only the first part. */
const maxFiles = 2_000;
const maxBytes = 32 * 1024 * 1024;
const skipped = new Set([
  ".git",
  ".cocktail",
  "node_modules",
  ".venv",
  "__pycache__",
  "dist",
  "build",
  "target",
]);

/**
 * What runs in a directory: the git commit, with `-dirty` where the directory differs from it, or else a hash of the
 * content as `content-<12 hex digits>`.
 */
export async function revisionOf(directory: string): Promise<string> {
  const head = await git(directory, ["rev-parse", "--verify", "--quiet", "HEAD"]);
  if (!head.ok) return await contentRevision(directory);
  const changes = await git(directory, ["status", "--porcelain", "--", "."]);
  const dirty = changes.ok && changes.stdout.trim() !== "";
  return `${head.stdout.trim()}${dirty ? "-dirty" : ""}`;
}

async function contentRevision(directory: string): Promise<string> {
  const hash = createHash("sha256");
  let left = maxBytes;
  for (const { path, size } of await listFiles(directory)) {
    hash.update(`${path}\0${size}\0`);
    left -= size;
    if (left > 0) hash.update((await readRegularFile(join(directory, path)).catch(nothing)) ?? "");
  }
  return `content-${hash.digest("hex").slice(0, 12)}`;
}

/** It went meanwhile, or this user may not read it. */
const nothing = (): undefined => undefined;

interface FoundFile {
  readonly path: string;
  readonly size: number;
}

/** The first files, directory by directory, each in the order of names. */
async function listFiles(directory: string): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = [];
  const waiting = [""];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    const entries = await readdir(join(directory, at), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      if (files.length === maxFiles) return files;
      const path = join(at, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) waiting.push(path);
      if (entry.isFile()) files.push({ path, size: await sizeOf(join(directory, path)) });
    }
  }
  return files;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
