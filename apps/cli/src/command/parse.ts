import { Command as Commander, Option } from "commander";
import { usageFailure } from "../failure.ts";
import type { Catalog } from "./catalog.ts";
import type { Command } from "./command.ts";
import { explainParseError } from "./explain-parse-error.ts";
import { renderRootHelp } from "./help.ts";
import { type OptionSpec, valueName, writtenFlag } from "./option.ts";
import type { Parsed } from "./parsed.ts";
import type { RawInput } from "./read-input.ts";
import { readWords } from "./words.ts";

/** Reads the arguments after the program's name. Never prints and never exits. */
export function parseCommandLine(catalog: Catalog, argv: readonly string[]): Parsed {
  const { own, rest } = readWords(argv);
  if (own.length === 0) return { kind: "help", text: renderRootHelp(catalog) };
  let chosen: Parsed | undefined;
  const root = buildProgram(catalog, (command, raw) => {
    chosen = { kind: "run", command, raw: { ...raw, rest } };
  });
  try {
    root.parse(own, { from: "user" });
  } catch (error) {
    return explainParseError(error, own, catalog);
  }
  return chosen ?? { kind: "wrong", failure: usageFailure("no command", "cocktail --help") };
}

type OnRun = (command: Command, raw: Omit<RawInput, "rest">) => void;

function buildProgram({ commands, groups }: Catalog, onRun: OnRun): Commander {
  const root = silentCommander("cocktail");
  const parents = new Map(Object.keys(groups).map((name) => [name, silentCommander(name)]));
  for (const group of parents.values()) root.addCommand(group);
  for (const command of commands) {
    const parent = command.path.length > 1 ? parents.get(command.path[0]) : root;
    parent?.addCommand(buildLeaf(command, onRun), { hidden: command.hidden });
  }
  return root;
}

function buildLeaf(command: Command, onRun: OnRun): Commander {
  const leaf = silentCommander(command.path.at(-1) ?? "");
  for (const [name, spec] of Object.entries(command.options)) {
    leaf.addOption(buildOption(name, spec));
  }
  // One variadic argument: counting and reading them is done where their meaning is known.
  return leaf
    .argument("[arguments...]")
    .action((args: readonly string[], options: Readonly<Record<string, unknown>>) => {
      onRun(command, { args, options });
    });
}

function buildOption(name: string, spec: OptionSpec): Option {
  const value = valueName(spec);
  const long = value === undefined ? writtenFlag(name, spec) : `${writtenFlag(name, spec)} <value>`;
  const flags = spec.short === undefined ? long : `${spec.short}, ${long}`;
  const option = new Option(flags, spec.summary);
  if (value === undefined) return option;
  return option.argParser((text: string, earlier: readonly string[] | undefined) => [
    ...(earlier ?? []),
    text,
  ]);
}

/** Commander prints and exits by itself unless told otherwise. */
function silentCommander(name: string): Commander {
  return new Commander(name)
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} })
    .helpCommand(false);
}
