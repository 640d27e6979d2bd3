import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { readRegularFile } from "@cocktail/local-state";
import type { DirectoryFacts } from "./guess.ts";
import { ignoredFiles } from "../cocktail/ignored-files.ts";

const maxDirectories = 100;
const maxBytes = 1024 * 1024;
const lockfiles = ["package-lock.json", "npm-shrinkwrap.json"];

/** The directory and those right below it, without hidden ones and what tools put there. */
export async function readDirectories(directory: string): Promise<readonly DirectoryFacts[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const below = entries
    .filter(
      (entry) =>
        entry.isDirectory() && !/^(?:\.|node_modules$|dist$|build$|target$)/.test(entry.name),
    )
    .map(({ name }) => name)
    .toSorted()
    .slice(0, maxDirectories);
  return await Promise.all([".", ...below].map((path) => readFacts(directory, path)));
}

async function readFacts(directory: string, path: string): Promise<DirectoryFacts> {
  const place = join(directory, path);
  const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
  const files = new Set(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name));
  const read = async (name: string): Promise<string | undefined> =>
    files.has(name) ? await readSmall(join(place, name)) : undefined;
  return {
    path,
    name: basename(place),
    files,
    ignoredSettings: [...(await ignoredFiles(place, settingsIn(files)))],
    hasLockfile: lockfiles.some((name) => files.has(name)),
    packageJson: await read("package.json"),
    goMod: await read("go.mod"),
    procfile: await read("Procfile"),
    pom: await read("pom.xml"),
  };
}

/** `.env`, `.env.local` and their like. */
function settingsIn(files: ReadonlySet<string>): readonly string[] {
  return [...files].filter((name) => /^\.env(?:\.[\w.-]+)?$/.test(name)).toSorted();
}

/** Undefined for what is no regular file, larger than 1 MiB, or not readable: then it says nothing. */
async function readSmall(path: string): Promise<string | undefined> {
  const content = await readRegularFile(path, maxBytes).catch(() => undefined);
  return content?.toString("utf8");
}
