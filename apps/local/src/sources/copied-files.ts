import { lstatSync, type Stats } from "node:fs";
import { mkdir, open, realpath, rm, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { readRegularFile } from "@cocktail/local-state";
import { git } from "./git.ts";

/** Of each file. */
const maxBytes = 10 * 1024 * 1024;

export interface CopyRequest {
  /** Normalized paths, relative to both directories, without `..`. */
  readonly files: readonly string[];
  /** The service's directory in the working copy. */
  readonly from: string;
  /** The same directory in the checkout. */
  readonly to: string;
}

/**
 * Copies files that git ignores, such as `.env.local`, from the working copy into a checkout of its repository. What the
 * branch tracks stays the branch's. Throws for a file that is missing, is no regular one, or leads out of either directory:
 * a branch may have links to anywhere in its checkout. Answers notes for the user.
 */
export async function copyFiles({ files, from, to }: CopyRequest): Promise<readonly string[]> {
  if (files.length === 0) return [];
  const tracked = await trackedOf(to, files);
  for (const file of files) {
    if (tracked.has(file)) continue;
    const original = await readOriginal(from, file);
    refuseDetour(to, file);
    await refuseVisible(to, file);
    await place(join(to, file), original);
  }
  return [...tracked].map((file) => `copyFiles ${file}: the branch has its own, which stays`);
}

async function trackedOf(to: string, files: readonly string[]): Promise<ReadonlySet<string>> {
  const answer = await git(to, ["--literal-pathspecs", "ls-files", "-z", "--", ...files]);
  if (!answer.ok) throw new Error(`git ls-files in ${to}: ${answer.stderr}`);
  const found = new Set(answer.stdout.split("\0"));
  return new Set(files.filter((file) => found.has(file)));
}

interface Original {
  readonly content: Buffer;
  readonly mode: number;
}

async function readOriginal(from: string, file: string): Promise<Original> {
  const path = await realpath(join(from, file)).catch(() => undefined);
  const inside = `${await realpath(from)}${sep}`;
  if (path?.startsWith(inside) === false)
    throw new Error(`copyFiles ${file} is a link out of ${from}, to ${path}, so it is not copied`);
  const content = path === undefined ? undefined : await readRegularFile(path, maxBytes);
  if (path === undefined || content === undefined)
    throw new Error(
      `copyFiles ${file} is not in ${from}: create it there, or remove it from copyFiles in cocktail.yaml`,
    );
  // As it is there, without setuid and its like.
  return { content, mode: (await stat(path)).mode & 0o777 };
}

/** Nothing is written through a link, nor in place of a directory, that the checkout has in the way. */
function refuseDetour(to: string, file: string): void {
  const parts = file.split("/");
  for (let count = 1; count <= parts.length; count++) {
    const path = parts.slice(0, count).join("/");
    const found = lstatSync(join(to, path), { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isDirectory() !== count < parts.length)
      throw new Error(
        `copyFiles ${file}: ${path} is a ${kindOf(found)} in the checkout, so nothing is copied there`,
      );
  }
}

function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return "link";
  return found.isDirectory() ? "directory" : "file";
}

/** What git doesn't ignore would be taken for uncommitted work, which keeps the checkout and marks its revision. */
async function refuseVisible(to: string, file: string): Promise<void> {
  const answer = await git(to, ["check-ignore", "--quiet", "--", file]);
  if (answer.ok) return;
  throw new Error(
    `copyFiles ${file} is not ignored by git in the branch: add it to .gitignore there, or to .git/info/exclude for all branches`,
  );
}

/**
 * Replaces what is there. An incarnation of the same commit may run from the checkout: what is the same is left alone.
 * Nothing is written beside the file, so that a kill leaves nothing that git sees; the next start copies it again.
 */
async function place(target: string, { content, mode }: Original): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  if (await isSame(target, { content, mode })) return;
  await rm(target, { force: true });
  await using created = await open(target, "wx", 0o600);
  await created.writeFile(content);
  await created.chmod(mode);
}

async function isSame(target: string, { content, mode }: Original): Promise<boolean> {
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found?.isFile() !== true || (found.mode & 0o7777) !== mode) return false;
  return found.size === content.length && content.equals((await readRegularFile(target)) ?? empty);
}

const empty = Buffer.alloc(0);
