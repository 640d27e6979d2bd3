import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Mutant } from "@cocktail/planted-bugs";
import { collected } from "./collected.ts";

const sources = join(import.meta.dirname, "../src");
const collector = new URL("collect-tests.ts", import.meta.url).href;
const planted = new Map<string, Mutant>();

/**
 * Loads one test file of the package with a bug planted in the modules it imports, and gives its tests by title. Nothing
 * is written: each copy is a family of modules of its own, told apart by the query of its URLs, and `node:test` is
 * replaced in it by a collector.
 */
export async function loadTests(
  testFile: string,
  mutant?: Mutant,
): Promise<ReadonlyMap<string, () => unknown>> {
  const copy = `copy=${planted.size + 1}`;
  planted.set(copy, mutant ?? { ...nothing, testFile });
  await import(`${pathToFileURL(join(sources, testFile)).href}?${copy}`);
  return collected.get(`?${copy}`) ?? new Map<string, () => unknown>();
}

/** How often the text a mutant replaces occurs: must be once. */
export function occurrences({ file, find }: Mutant): number {
  return readFileSync(join(sources, file), "utf8").split(find).length - 1;
}

const nothing: Mutant = { rule: "", file: "", find: "", replace: "", testFile: "", test: "" };

function copyOf(url: string | undefined): string | undefined {
  const query = url === undefined ? undefined : /[?](copy=[0-9]+)$/.exec(url);
  return query?.[1];
}

registerHooks({
  resolve(specifier, context, next) {
    const copy = copyOf(context.parentURL);
    if (copy === undefined) return next(specifier, context);
    if (specifier === "node:test") return { url: `${collector}?${copy}`, shortCircuit: true };
    const resolved = next(specifier, context);
    const ours = resolved.url.startsWith(pathToFileURL(sources).href);
    return ours ? { ...resolved, url: `${resolved.url}?${copy}` } : resolved;
  },
  load(url, context, next) {
    const mutant = planted.get(copyOf(url) ?? "");
    const path = mutant === undefined ? "" : fileURLToPath(url.replace(/[?].*$/, ""));
    if (mutant === undefined || path !== join(sources, mutant.file)) return next(url, context);
    const source = readFileSync(path, "utf8").split(mutant.find).join(mutant.replace);
    return { format: "module-typescript", source, shortCircuit: true };
  },
});
