import { type Catalog, findCommand, verbsOf, visibleCommands } from "../command/catalog.ts";
import type { Command } from "../command/command.ts";
import {
  type Completes,
  longFlag,
  type OptionSpec,
  valueName,
  writtenFlag,
} from "../command/option.ts";

/** What may stand at the cursor. */
export interface Completion {
  readonly words: readonly string[];
  /** Names to ask the running cocktail for, or the shell for files. */
  readonly ask: Completes | undefined;
}

const nothing: Completion = { words: [], ask: undefined };

/** Pure: `words` are those after the program's name, the last one being typed (and perhaps empty). */
export function complete(catalog: Catalog, words: readonly string[]): Completion {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (before.includes("--")) return nothing;
  const found = findCommand(catalog, before);
  if (found === undefined || found.hidden) {
    return starting({ words: namesAfter(catalog, before), ask: undefined }, current);
  }
  const previous = optionBefore(found, before.at(-1) ?? "");
  if (previous !== undefined) return starting(valuesOf(previous), current);
  if (current.startsWith("-")) return starting({ words: flagsOf(found), ask: undefined }, current);
  const position = positionOf(found, before.slice(found.path.length));
  const argument = Object.values(found.args)[position];
  return argument?.completes === undefined ? nothing : { words: [], ask: argument.completes };
}

function namesAfter(catalog: Catalog, before: readonly string[]): readonly string[] {
  const [group, ...more] = before;
  if (group === undefined) {
    const single = visibleCommands(catalog).filter(({ path }) => path.length === 1);
    return [...single.map(({ path }) => path[0]), ...Object.keys(catalog.groups), "help"];
  }
  return more.length > 0 ? [] : verbsOf(catalog, group).map(({ path }) => path.at(-1) ?? "");
}

/** The option whose value is being typed, if the word before is one that takes a value. */
function optionBefore(command: Command, word: string): OptionSpec | undefined {
  const entry = Object.entries(command.options).find(
    ([name, spec]) => longFlag(name) === word || spec.short === word,
  );
  return entry !== undefined && valueName(entry[1]) !== undefined ? entry[1] : undefined;
}

function valuesOf(spec: OptionSpec): Completion {
  return { words: spec.kind === "choice" ? spec.choices : [], ask: spec.completes };
}

function flagsOf(command: Command): readonly string[] {
  const own = Object.entries(command.options).map(([name, spec]) => writtenFlag(name, spec));
  return [...own, "--help"];
}

/** How many positional arguments were given. */
function positionOf(command: Command, words: readonly string[]): number {
  let count = 0;
  for (const [at, word] of words.entries()) {
    if (word.startsWith("-")) continue;
    if (at > 0 && optionBefore(command, words[at - 1] ?? "") !== undefined) continue;
    count++;
  }
  return count;
}

function starting({ words, ask }: Completion, prefix: string): Completion {
  return { words: words.filter((word) => word.startsWith(prefix)), ask };
}
