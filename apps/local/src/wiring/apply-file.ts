import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { FileChange } from "@cocktail/client";
import type { FileApplication } from "@cocktail/control-plane";
import { type Config, formatFaults } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";

/** The file as it was last applied. Everything that follows its services asks for them here. */
export class LiveConfig {
  #config: Config;
  #text: string;

  constructor(config: Config) {
    this.#config = config;
    this.#text = textOf(config.file);
  }

  get(): Config {
    return this.#config;
  }

  set(config: Config): void {
    this.#config = config;
    this.#text = textOf(config.file);
  }

  /** The file says something else than what was applied. */
  isOutdated(): boolean {
    return textOf(this.#config.file) !== this.#text;
  }
}

/** Empty where the file can't be read: that is a change too. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Which services differ between two states of the file, by their names. */
export function diffServices(before: Config, after: Config): Omit<FileChange, "notes"> {
  const hashes = (config: Config): ReadonlyMap<string, string> =>
    new Map(config.services.map(({ name, entryHash }) => [name, entryHash]));
  const [old, now] = [hashes(before), hashes(after)];
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    changed: [...now].flatMap(([name, hash]) =>
      old.has(name) && old.get(name) !== hash ? [name] : [],
    ),
    removed: [...old.keys()].filter((name) => !now.has(name)),
  };
}

/** What a running cocktail can't change: its hosts and its store are made of it. */
const fixed = ["name", "domain"] as const;

/**
 * Applies the file anew: `store` makes the services equal to it, and answers notes for the user. A file with faults changes
 * nothing.
 */
export async function applyFile(
  live: LiveConfig,
  isDryRun: boolean,
  store: (config: Config) => Promise<readonly string[]>,
): Promise<FileApplication> {
  const before = live.get();
  const loaded = loadConfig(before.file);
  if (!loaded.ok) {
    const detail = formatFaults(basename(loaded.file), loaded.faults);
    return { kind: "invalid", detail, fix: "fix the faults; nothing was changed" };
  }
  const { config } = loaded;
  const other = fixed.find((key) => config[key] !== before[key]);
  if (other !== undefined) {
    const what = other === "name" ? "metadata.name" : other;
    const detail = `${what} can't change while the cocktail runs: it is ${before[other]}, the file says ${config[other]}`;
    return { kind: "invalid", detail, fix: "cocktail down, then cocktail up; or undo the change" };
  }
  const change = diffServices(before, config);
  if (isDryRun) return { kind: "applied", change: { ...change, notes: [] } };
  live.set(config);
  return { kind: "applied", change: { ...change, notes: await store(config) } };
}
