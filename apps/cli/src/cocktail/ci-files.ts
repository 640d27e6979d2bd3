import { appendFile, rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";

/** What a pipeline must know to use, and later to clean up, what it makes. */
export interface Reach {
  readonly name: string;
  readonly url?: string | undefined;
  readonly header: { readonly name: string; readonly value: string };
}
export interface CiFiles {
  readonly envFile: string | undefined;
  readonly githubOutput: string | undefined;
}

/** Writes the files that were asked for. Names and URLs need no quoting in either form. */
export async function writeCiFiles(files: CiFiles, cwd: string, reach: Reach): Promise<void> {
  const { envFile, githubOutput } = files;
  if (envFile !== undefined) {
    const path = resolve(cwd, envFile);
    await attempt("--env-file", path, async () => {
      // Replaced in one step: another stage may be reading it.
      await writeFile(`${path}.new`, lines(envEntries(reach)));
      await rename(`${path}.new`, path);
    });
  }
  if (githubOutput !== undefined) {
    const path = resolve(cwd, githubOutput);
    await attempt("--github-output", path, () => appendFile(path, lines(outputEntries(reach))));
  }
}

function envEntries({ name, url, header }: Reach): Entries {
  return [
    ["COCKTAIL_NAME", name],
    ["COCKTAIL_URL", url],
    ["COCKTAIL_HEADER_NAME", header.name],
    ["COCKTAIL_HEADER_VALUE", header.value],
  ];
}

function outputEntries({ name, url, header }: Reach): Entries {
  return [
    ["name", name],
    ["url", url],
    ["header", `${header.name}: ${header.value}`],
    ["header-name", header.name],
    ["header-value", header.value],
  ];
}

type Entries = readonly (readonly [string, string | undefined])[];

/** A URL that there is not is left out, rather than empty. */
function lines(entries: Entries): string {
  return entries.map(([key, value]) => (value === undefined ? "" : `${key}=${value}\n`)).join("");
}

async function attempt(flag: string, path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new Failure(
      {
        code: "FILE_NOT_FOUND",
        message: `${flag}: ${path} can't be written: ${error instanceof Error ? error.message : String(error)}`,
        fix: "name a file in a directory that exists; nothing was changed",
        exitCode: exitCodes.usage,
      },
      { cause: error },
    );
  }
}
