import type { Command } from "./command.ts";

/** All commands in the order of the help, and their nouns with one-line summaries. */
export interface Catalog {
  readonly commands: readonly Command[];
  readonly groups: Readonly<Record<string, string>>;
}

/** The commands that help and reference show. */
export function visibleCommands({ commands }: Catalog): readonly Command[] {
  return commands.filter(({ hidden }) => !hidden);
}

/** The verbs of a noun. */
export function verbsOf(catalog: Catalog, group: string): readonly Command[] {
  return visibleCommands(catalog).filter(({ path }) => path.length > 1 && path[0] === group);
}

/** The command whose path the words begin with. */
export function findCommand(catalog: Catalog, words: readonly string[]): Command | undefined {
  return catalog.commands.find(({ path }) => path.every((word, at) => words[at] === word));
}

/** The noun the words begin with. */
export function findGroup({ groups }: Catalog, words: readonly string[]): string | undefined {
  const [first] = words;
  return first !== undefined && Object.hasOwn(groups, first) ? first : undefined;
}
