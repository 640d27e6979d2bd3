import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Of a lockfile: the largest ones of monorepos have a few MiB. */
const maxBytes = 64 * 1024 * 1024;

/**
 * The content of a file that a branch may have put there; undefined where there is none. Throws for what is no regular file,
 * such as a pipe or a device, which would never end, and for one that is larger than 64 MiB.
 */
export async function readRegularFile(path: string, limit = maxBytes): Promise<Buffer | undefined> {
  // Without O_NONBLOCK a pipe without a writer would never be opened.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    },
  );
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new Error(`${path} is not a regular file, so it is not read`);
    if (facts.size > limit)
      throw new Error(`${path} has ${facts.size} bytes, more than the ${limit} that are read`);
    const content = Buffer.alloc(facts.size);
    // No more than that, also if it grows meanwhile, or is of a file system that gives no sizes.
    const { bytesRead } = await file.read(content, 0, facts.size, 0);
    return content.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
