import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config, Fault, ServiceConfig } from "./config.ts";
import { type Locate, parseConfig } from "./parse.ts";

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly file: string; readonly faults: readonly Fault[] };

/** Reads and checks the file, and that the directories it names exist. */
export function loadConfig(path: string): Loaded {
  let file: string;
  let text: string;
  try {
    // A link to a file elsewhere is still the file of this directory: its state lies here.
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
  const parsed = parseConfig(text, file);
  if (!parsed.ok) return { ok: false, file, faults: parsed.faults };
  const faults = parsed.config.services.flatMap((service, index) =>
    pathFault(service, index, parsed.where),
  );
  return faults.length > 0 ? { ok: false, file, faults } : { ok: true, config: parsed.config };
}

function pathFault(service: ServiceConfig, index: number, where: Locate): readonly Fault[] {
  if (service.command === undefined) return [];
  const found = statSync(service.path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return [];
  const path = `services[${index}].path`;
  const message = `${service.path} ${found === undefined ? "does not exist" : "is not a directory"}`;
  const fix = "make the directory, or correct the path; it is relative to this file";
  return [{ ...where(["services", index, "path"]), path, message, fix }];
}
