import { Argument, Command as Commander, Help, Option } from "commander";
import type { Catalog } from "./catalog.ts";
import type { Command, CommandInput } from "./command.ts";
import { type ArgumentSpec, longFlag, type OptionSpec, type RestSpec } from "./option.ts";
import { readValue } from "./value.ts";

/** Called with the selected command. */
type OnRun = (command: Command, input: Omit<CommandInput, "rest">) => void;

export interface Program {
  readonly root: Commander;
  readonly leaves: ReadonlyMap<Command, Commander>;
  /** The printed text, which can only be help. */
  readonly printed: () => string;
}

const helpWidth = 96;

/** Builds the commander program. It neither prints nor exits: it throws. */
export function buildProgram({ commands, groups }: Catalog, onRun: OnRun = () => {}): Program {
  let printed = "";
  const create = (name: string): Commander =>
    new Commander(name)
      .exitOverride()
      .configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} })
      .configureHelp({ helpWidth })
      .helpOption("-h, --help", "this help")
      .helpCommand(false);
  const root = create("cocktail")
    .usage("COMMAND [options]")
    .addHelpText(
      "before",
      "Several versions of every service side by side; the route of a request selects the versions.\n",
    )
    .addHelpText("after", "\nStart here: cocktail up. Help of a command: cocktail COMMAND --help")
    .configureHelp({ helpWidth, ...listingAllCommands });
  const parents = new Map(
    Object.entries(groups).map(([name, title]) => {
      const parent = create(name)
        .usage("VERB [options]")
        .addHelpText("before", `${title}.\n`)
        .addHelpText("after", `\nHelp of a verb: cocktail ${name} VERB --help`)
        .configureHelp({ helpWidth, subcommandTerm: fullName });
      return [name, parent.commandsGroup("Verbs:").helpGroup(`${title}:`)];
    }),
  );
  const leaves = new Map<Command, Commander>();
  for (const command of commands) {
    const leaf = fill(create(command.path.at(-1) ?? ""), command, onRun);
    const parent = command.path.length > 1 ? parents.get(command.path[0]) : root;
    parent?.addCommand(leaf, { hidden: command.hidden });
    leaves.set(command, leaf);
  }
  // Added last, so that help lists the commands without a noun first.
  for (const parent of parents.values()) root.addCommand(parent);
  return { root, leaves, printed: () => printed };
}

/** In the program's help, a noun is a heading and its verbs are the rows. */
const listingAllCommands: Partial<Help> = {
  formatHelp: (root, help) => {
    const nouns = help.visibleCommands(root);
    for (const noun of nouns) for (const verb of noun.commands) verb.helpGroup(noun.helpGroup());
    const all = nouns.flatMap((each) => (each.commands.length === 0 ? [each] : each.commands));
    const listing = Object.assign(new Help(), help, {
      formatHelp: Help.prototype.formatHelp,
      visibleCommands: () => all,
    });
    return listing.formatHelp(root, listing);
  },
  subcommandTerm: fullName,
  visibleOptions: () => [],
};

function fullName(command: Commander): string {
  const parent = command.parent?.parent === null ? undefined : command.parent?.name();
  return parent === undefined ? command.name() : `${parent} ${command.name()}`;
}

function fill(leaf: Commander, command: Command, onRun: OnRun): Commander {
  const { invokedAs, args, options, rest, summary, details, examples } = command;
  for (const spec of Object.values(args)) leaf.addArgument(toArgument(spec));
  for (const [name, spec] of Object.entries(options)) leaf.addOption(toOption(name, spec));
  const placeholders = Object.values(args).map(({ type, isOptional }) =>
    isOptional ? `[${type.placeholder}]` : type.placeholder,
  );
  const after = rest === undefined ? [] : [`[-- ${rest.placeholder}]`];
  const shown = examples.flatMap(({ text, command: example }) => [`  # ${text}`, `  ${example}`]);
  return leaf
    .usage([...placeholders, "[options]", ...after].join(" "))
    .summary(summary)
    .description(details.join("\n\n"))
    .configureHelp({
      helpWidth,
      commandUsage: () => `${invokedAs} ${leaf.usage()}`,
      visibleArguments: () => [...leaf.registeredArguments, ...afterDashes(rest)],
      argumentTerm: (each) => `${each.name()}${each.variadic ? "..." : ""}`,
    })
    .addHelpText("before", `${summary}.\n`)
    .addHelpText("after", `\nExamples:\n${shown.join("\n")}`)
    .action((...given: readonly unknown[]) => {
      const values = leaf.opts();
      onRun(command, {
        args: Object.fromEntries(Object.keys(args).map((name, at) => [name, given[at]])),
        options: Object.fromEntries(
          Object.entries(options).map(([name, { absent }]) => [name, values[name] ?? absent]),
        ),
      });
    });
}

function afterDashes(rest: RestSpec | undefined): readonly Argument[] {
  return rest === undefined ? [] : [new Argument(`[-- ${rest.placeholder}]`, rest.summary)];
}

function toArgument({ type, summary, isOptional }: ArgumentSpec<unknown>): Argument {
  const name = isOptional ? `[${type.placeholder}]` : `<${type.placeholder}>`;
  const read = (text: string): unknown => readValue(type, text, type.placeholder);
  return new Argument(name, summary).argParser(read);
}

function toOption(name: string, spec: OptionSpec<unknown>): Option {
  const { type, short, isRepeatable, absent, shownDefault } = spec;
  const long = longFlag(name, spec);
  const flags = type === undefined ? long : `${long} <${type.placeholder}>`;
  const built = new Option(short === undefined ? flags : `${short}, ${flags}`, spec.summary);
  if (type === undefined) return built;
  if (shownDefault !== undefined) built.default(absent, shownDefault);
  return built.argParser<unknown>((text, earlier) => {
    const value = readValue(type, text, long);
    if (!isRepeatable) return value;
    const before: readonly unknown[] = Array.isArray(earlier) ? earlier : [];
    return [...before, value];
  });
}
