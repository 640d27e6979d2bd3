import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { directoryFault } from "../sources/directory.ts";
import type { Config, Fault } from "./config.ts";
import { parseConfig } from "./parse.ts";

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly file: string; readonly faults: readonly Fault[] };

/** Reads and checks the file, and that the directories it names exist. `domain` takes the place of the file's. */
export function loadConfig(path: string, domain: string | undefined): Loaded {
  let file: string;
  let text: string;
  try {
    // For a link the state directory is beside the link, not beside its target.
    file = join(realpathSync(dirname(path)), basename(path));
    text = readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const fix = "name the file with --file, or write one (docs/reference/cocktail-yaml.md)";
    return {
      ok: false,
      file: path,
      faults: [{ line: 1, column: 1, path: "", message: `can't be read: ${why}`, fix }],
    };
  }
  const parsed = parseConfig(text, file, directoryFault);
  if (!parsed.ok) return { ok: false, file, faults: parsed.faults };
  return { ok: true, config: { ...parsed.config, domain: domain ?? parsed.config.domain } };
}
