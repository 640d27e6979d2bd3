import { join } from "node:path";
import { parseEnv } from "node:util";
import { isVariableName, variableFault } from "../config/schema.ts";
import { readRegularFile } from "@cocktail/local-state";

const maxBytes = 1024 * 1024;

/**
 * The variables of `envFile`s, in their order: each from the first of the directories that has it. Files that git ignores,
 * as `.env` usually is, are missing in a checkout, and then those of the working copy are meant. Throws for a file that none
 * of them has, and for a name that no variable can have, which is not quoted: it may be a line of a secret. What Cocktail
 * sets itself, such as PORT, is left out.
 */
export async function readEnvFiles(
  files: readonly string[],
  directories: readonly string[],
): Promise<readonly Readonly<Record<string, string>>[]> {
  const read: Readonly<Record<string, string>>[] = [];
  for (const file of files) read.push(await readEnvFile(file, directories));
  return read;
}

async function readEnvFile(
  file: string,
  directories: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  for (const directory of directories) {
    const content = await readRegularFile(join(directory, file), maxBytes);
    if (content === undefined) continue;
    const variables = Object.entries(parseEnv(content.toString("utf8")));
    if (variables.some(([name]) => !isVariableName(name)))
      throw new Error(
        `envFile ${file} has a name that no variable can have; a value of several lines needs quotes`,
      );
    const own = variables.filter(([name]) => variableFault(name) === undefined);
    return Object.fromEntries(own.map(([name, value]) => [name, value ?? ""]));
  }
  throw new Error(
    `envFile ${file} is not there: looked in ${[...new Set(directories)].join(" and ")}`,
  );
}
