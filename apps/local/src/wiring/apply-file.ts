import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { FileChange } from "@cocktail/client";
import type { FileApplication } from "@cocktail/control-plane";
import { type Config, formatFaults } from "../config/config.ts";
import { loadConfig, type Loaded } from "../config/load.ts";
import type { Pinned } from "../sources/pinned-references.ts";
import { StartFailure } from "./failure.ts";

/** The file as it was last applied. Everything that follows its services asks for them here. */
export class LiveConfig {
  #config: Config;
  #text: string;
  readonly #domain: string | undefined;

  /** `domain`: what was given in place of the file's. */
  constructor(config: Config, domain?: string) {
    this.#config = config;
    this.#text = textOf(config.file);
    this.#domain = domain;
  }

  readonly get = (): Config => this.#config;

  /** The file as it is now. */
  read(): Loaded {
    return loadConfig(this.#config.file, this.#domain);
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

/** What a running cocktail can't change: its hosts, its store and the keys of its branches are made of it. */
const fixed = ["name", "domain", "ticketProjects"] as const;

/** How the file becomes what runs. */
export interface ApplySteps {
  /** What may fail because of the file; changes nothing. Throws a StartFailure. */
  readonly prepare: (config: Config) => Promise<Pinned>;
  /** Makes the services equal to the file; answers notes for the user. */
  readonly store: (config: Config, pinned: Pinned) => Promise<readonly string[]>;
}

/** Applies the file anew. A file with faults changes nothing. */
export async function applyFile(
  live: LiveConfig,
  isDryRun: boolean,
  { prepare, store }: ApplySteps,
): Promise<FileApplication> {
  const before = live.get();
  const loaded = live.read();
  if (!loaded.ok) {
    const detail = formatFaults(basename(loaded.file), loaded.faults);
    return { kind: "invalid", detail, fix: "fix the faults; nothing was changed" };
  }
  const { config } = loaded;
  const refused = refuseFixed(before, config);
  if (refused !== undefined) return refused;
  const change = diffServices(before, config);
  try {
    const pinned = await prepare(config);
    if (isDryRun) return { kind: "applied", change: { ...change, notes: [] } };
    live.set(config);
    return { kind: "applied", change: { ...change, notes: await store(config, pinned) } };
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    return { kind: "invalid", detail: error.message, fix: error.fix };
  }
}

function refuseFixed(before: Config, after: Config): FileApplication | undefined {
  const other = fixed.find((key) => String(after[key]) !== String(before[key]));
  if (other === undefined) return undefined;
  const what = other === "name" ? "metadata.name" : other;
  const detail = `${what} can't change while the cocktail runs: it is ${String(before[other])}, the file says ${String(after[other])}`;
  return { kind: "invalid", detail, fix: "cocktail down, then cocktail up; or undo the change" };
}
