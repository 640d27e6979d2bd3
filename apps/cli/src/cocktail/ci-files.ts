import { appendFile, rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";

/** What a pipeline needs to use an object and to clean it up later. */
export interface AccessInfo {
  readonly name: string;
  readonly url?: string | undefined;
  readonly header: { readonly name: string; readonly value: string };
}
export interface CiFiles {
  readonly dotenv: string | undefined;
  readonly githubOutput: string | undefined;
}

/** Writes the requested files. Names and URLs need no quoting in either format. */
export async function writeCiFiles(files: CiFiles, cwd: string, access: AccessInfo): Promise<void> {
  const { dotenv, githubOutput } = files;
  if (dotenv !== undefined) {
    const path = resolve(cwd, dotenv);
    await writeOrFail("--dotenv", path, async () => {
      // Replaced atomically: another stage may be reading it.
      await writeFile(`${path}.new`, lines(envEntries(access)));
      await rename(`${path}.new`, path);
    });
  }
  if (githubOutput !== undefined) {
    const path = resolve(cwd, githubOutput);
    await writeOrFail("--github-output", path, () =>
      appendFile(path, lines(outputEntries(access))),
    );
  }
}

function envEntries({ name, url, header }: AccessInfo): Entries {
  return [
    ["COCKTAIL_NAME", name],
    ["COCKTAIL_URL", url],
    ["COCKTAIL_HEADER_NAME", header.name],
    ["COCKTAIL_HEADER_VALUE", header.value],
  ];
}

function outputEntries({ name, url, header }: AccessInfo): Entries {
  return [
    ["name", name],
    ["url", url],
    ["header", `${header.name}: ${header.value}`],
    ["header-name", header.name],
    ["header-value", header.value],
  ];
}

type Entries = readonly (readonly [string, string | undefined])[];

/** A missing URL is omitted, not written as an empty value. */
function lines(entries: Entries): string {
  return entries.map(([key, value]) => (value === undefined ? "" : `${key}=${value}\n`)).join("");
}

async function writeOrFail(flag: string, path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new Failure(
      {
        code: "FILE_NOT_FOUND",
        message: `${flag}: ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
        fix: "name a file in an existing, writable directory; nothing was changed",
        exitCode: exitCodes.usage,
      },
      { cause: error },
    );
  }
}
