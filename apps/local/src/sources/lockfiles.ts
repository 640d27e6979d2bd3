import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readRegularFile } from "@cocktail/local-state";

/** Files that define exactly what a preparation installs. */
const names = [
  "package-lock.json",
  "npm-shrinkwrap.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "bun.lock",
  "requirements.txt",
  "poetry.lock",
  "uv.lock",
  "Pipfile.lock",
  "Gemfile.lock",
  "composer.lock",
  "Cargo.lock",
  "go.sum",
  "mix.lock",
] as const;

/**
 * Changes when the preparation has to run again: with the command, and with any lockfile of the directory or, as
 * workspaces keep one for all, of a directory above it inside the same repository. Throws as `readRegularFile` does.
 */
export async function preparationHash(
  directory: string,
  command: readonly string[],
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(command));
  for (const place of upToRepository(directory)) {
    for (const name of names) {
      const path = join(place, name);
      const content = await readRegularFile(path);
      if (content !== undefined) hash.update(`\0${path}\0`).update(content);
    }
  }
  return hash.digest("hex").slice(0, 32);
}

function upToRepository(directory: string): readonly string[] {
  const places: string[] = [];
  for (let at = directory; ; at = dirname(at)) {
    places.push(at);
    if (existsSync(join(at, ".git"))) return places;
    if (dirname(at) === at) return [directory]; // no repository: directories above do not belong to it
  }
}
