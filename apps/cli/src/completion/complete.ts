import { type Catalog, findCommand, verbsOf, visibleCommands } from "../command/catalog.ts";
import type { Command } from "../command/command.ts";
import { longFlag } from "../command/option.ts";
import type { Completes, ValueType } from "../command/value.ts";

/** The candidates at the cursor. */
export interface Completion {
  readonly words: readonly string[];
  /** The names to request from the running cocktail, or the paths to request from the shell. */
  readonly dynamic: Completes | undefined;
}

const nothing: Completion = { words: [], dynamic: undefined };

/** Pure. `words` follow the program's name; the last one is incomplete and may be empty. */
export function complete(catalog: Catalog, words: readonly string[]): Completion {
  const current = words.at(-1) ?? "";
  const { words: candidates, dynamic } = candidatesAfter(catalog, words.slice(0, -1), current);
  return { words: candidates.filter((word) => word.startsWith(current)), dynamic };
}

function candidatesAfter(catalog: Catalog, before: readonly string[], current: string): Completion {
  if (before.includes("--")) return nothing;
  const found = findCommand(catalog, before);
  if (found === undefined || found.hidden)
    return { words: namesAfter(catalog, before), dynamic: undefined };
  const value = valueAfter(found, before.at(-1) ?? "");
  if (value !== undefined) return valuesOf(value);
  if (current.startsWith("-")) return { words: flagsOf(found), dynamic: undefined };
  const position = positionOf(found, before.slice(found.path.length));
  return valuesOf(Object.values(found.args)[position]?.type);
}

function valuesOf(type: ValueType<unknown> | undefined): Completion {
  return { words: type?.choices ?? [], dynamic: type?.completes };
}

function namesAfter(catalog: Catalog, before: readonly string[]): readonly string[] {
  const [group, ...more] = before;
  if (group === undefined) {
    const single = visibleCommands(catalog).filter(({ path }) => path.length === 1);
    return [...single.map(({ path }) => path[0]), ...Object.keys(catalog.groups), "help"];
  }
  return more.length > 0 ? [] : verbsOf(catalog, group).map(({ path }) => path.at(-1) ?? "");
}

/** The type of the value at the cursor, if the previous word is an option that takes one. */
function valueAfter(command: Command, word: string): ValueType<unknown> | undefined {
  const found = Object.entries(command.options).find(
    ([name, spec]) => longFlag(name, spec) === word || spec.short === word,
  );
  return found?.[1].type;
}

function flagsOf(command: Command): readonly string[] {
  const own = Object.entries(command.options).map(([name, spec]) => longFlag(name, spec));
  return [...own, "--help"];
}

/** The number of positional arguments before the cursor. */
function positionOf(command: Command, words: readonly string[]): number {
  let count = 0;
  for (const [at, word] of words.entries()) {
    if (word.startsWith("-")) continue;
    if (at > 0 && valueAfter(command, words[at - 1] ?? "") !== undefined) continue;
    count++;
  }
  return count;
}
