import { realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";

export const fileName = "cocktail.yaml";

/** The file given with `--file`, as an absolute path; a directory means the cocktail.yaml in it. */
export async function givenFile(file: string, cwd: string): Promise<string> {
  const path = resolve(cwd, file);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return await realpath(path);
  const inside = join(path, fileName);
  if (found?.isDirectory() === true && (await isFile(inside))) {
    return await realpath(inside);
  }
  throw new Failure({
    code: "FILE_NOT_FOUND",
    message: found === undefined ? `${path} does not exist` : `${path} contains no ${fileName}`,
    fix: `pass the file: -f path/to/${fileName}`,
    exitCode: exitCodes.usage,
  });
}

/** Every cocktail.yaml from a directory upward, the nearest first. */
export async function filesUpward(cwd: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const path = join(directory, fileName);
    // The state directory is beside the real file, not beside a symbolic link to it.
    if (await isFile(path)) found.push(await realpath(path));
    if (dirname(directory) === directory) return found;
  }
}

/** The cocktail.yaml that `up` and `down` act on: the given one, else the nearest upward. */
export async function ownFile(file: string | undefined, cwd: string): Promise<string> {
  if (file !== undefined) return await givenFile(file, cwd);
  const [nearest] = await filesUpward(cwd);
  if (nearest !== undefined) return nearest;
  throw new Failure({
    code: "FILE_NOT_FOUND",
    message: `found no ${fileName} in ${resolve(cwd)} or above`,
    fix: `change to its directory, or pass it: -f path/to/${fileName}`,
    exitCode: exitCodes.usage,
  });
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
