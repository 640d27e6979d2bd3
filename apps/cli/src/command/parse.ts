import { Command as Commander, CommanderError, Option } from "commander";
import { type Failure, usageFailure } from "../failure.ts";
import type { Command } from "./command.ts";
import { renderGroupHelp, renderHelp, renderRootHelp } from "./help.ts";
import { longFlag, type OptionSpec, valueName } from "./option.ts";
import type { RawInput } from "./read-input.ts";

/** What the command line asks for. */
export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly raw: RawInput }
  /** Asked for, so it goes to stdout and the exit code is 0. */
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "wrong"; readonly failure: Failure };

/** Groups of commands, with their one-line summaries. */
export type Groups = Readonly<Record<string, string>>;

/** Reads the arguments after the program's name. Never prints and never exits. */
export function parseCommandLine(
  commands: readonly Command[],
  groups: Groups,
  argv: readonly string[],
): Parsed {
  const { head, rest } = splitRest(argv);
  const first = hoistLeadingOptions(head);
  const words = first[0] === "help" ? [...first.slice(1), "--help"] : first;
  if (words.length === 0) return { kind: "help", text: renderRootHelp(commands, groups) };
  if (words.length === 1 && (words[0] === "--version" || words[0] === "-V"))
    return parseCommandLine(commands, groups, ["version"]);

  let chosen: Parsed | undefined;
  const root = commander("cocktail", () => renderRootHelp(commands, groups));
  const parents = new Map(
    Object.keys(groups).map((name) => {
      const group = commander(name, () => renderGroupHelp(name, commands, groups));
      root.addCommand(group, { hidden: false });
      return [name, group] as const;
    }),
  );
  for (const command of commands) {
    const leaf = build(command, (raw) => {
      chosen = { kind: "run", command, raw: { ...raw, rest } };
    });
    const parent = command.path.length > 1 ? parents.get(command.path[0]) : root;
    parent?.addCommand(leaf, { hidden: command.hidden });
  }
  try {
    root.parse(words, { from: "user" });
  } catch (error) {
    return explain(error, words, commands, groups);
  }
  return (
    chosen ?? {
      kind: "wrong",
      failure: usageFailure(
        `\`${words.join(" ")}\` is not a whole command`,
        `cocktail ${words.join(" ")} --help`,
      ),
    }
  );
}

function build(command: Command, onRun: (raw: Omit<RawInput, "rest">) => void): Commander {
  const leaf = commander(command.path.at(-1) ?? "", () => renderHelp(command));
  for (const [name, spec] of Object.entries(command.options))
    leaf.addOption(commanderOption(name, spec));
  // One variadic argument: counting and reading them is done where their meaning is known.
  leaf
    .argument("[arguments...]")
    .action((args: readonly string[], options: Readonly<Record<string, unknown>>) =>
      onRun({ args, options }),
    );
  return leaf;
}

function commanderOption(name: string, spec: OptionSpec): Option {
  const long = spec.kind === "toggle" ? longFlag(name).replace("--", "--no-") : longFlag(name);
  const value = valueName(spec);
  const flags = [spec.short, value === undefined ? long : `${long} <${value}>`].filter(
    (part) => part !== undefined,
  );
  const option = new Option(flags.join(", "), spec.summary);
  if (value !== undefined) {
    option.argParser((text: string, earlier: readonly string[] | undefined) => [
      ...(earlier ?? []),
      text,
    ]);
  }
  return option;
}

function commander(name: string, help: () => string): Commander {
  const built = new Commander(name);
  built
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
  built.helpInformation = help;
  return built.helpCommand(false);
}

function explain(
  error: unknown,
  words: readonly string[],
  commands: readonly Command[],
  groups: Groups,
): Parsed {
  if (!(error instanceof CommanderError)) throw error;
  const named = commands.find(({ path }) => path.every((word, at) => words[at] === word));
  const group = words[0] !== undefined && Object.hasOwn(groups, words[0]) ? words[0] : undefined;
  if (error.code === "commander.helpDisplayed") {
    if (named !== undefined) return { kind: "help", text: renderHelp(named) };
    return {
      kind: "help",
      text:
        group === undefined
          ? renderRootHelp(commands, groups)
          : renderGroupHelp(group, commands, groups),
    };
  }
  const where = named?.path.join(" ") ?? group;
  const help = where === undefined ? "cocktail --help" : `cocktail ${where} --help`;
  if (error.code === "commander.help") {
    const verbs = commands
      .filter(({ path, hidden }) => path[0] === group && !hidden)
      .map(({ path }) => path.at(-1));
    return {
      kind: "wrong",
      failure: usageFailure(`\`cocktail ${where ?? ""}\` wants a verb: ${verbs.join(", ")}`, help),
    };
  }
  const [message = "", hint] = error.message.replace(/^error: /, "").split("\n");
  const meant = hint === undefined ? undefined : /Did you mean (?:one of )?(.*?)\?/.exec(hint)?.[1];
  return {
    kind: "wrong",
    failure: usageFailure(
      message,
      meant === undefined ? help : `did you mean ${meant}? See: ${help}`,
    ),
  };
}

/** What follows the first `--` belongs to somebody else and is never read as an option. */
function splitRest(argv: readonly string[]): {
  readonly head: readonly string[];
  readonly rest: readonly string[] | undefined;
} {
  const at = argv.indexOf("--");
  return at < 0
    ? { head: argv, rest: undefined }
    : { head: argv.slice(0, at), rest: argv.slice(at + 1) };
}

const leading = new Set(["-o", "--output", "--color", "--file"]);

/** `cocktail -o json status` means `cocktail status -o json`. */
function hoistLeadingOptions(words: readonly string[]): readonly string[] {
  let at = 0;
  while (at < words.length) {
    const word = words[at] ?? "";
    if (leading.has(word)) at += 2;
    else if (
      [...leading].some((flag) => flag.startsWith("--") && word.startsWith(`${flag}=`)) ||
      /^-o./.test(word)
    )
      at += 1;
    else break;
  }
  return at === 0 || at >= words.length ? words : [...words.slice(at), ...words.slice(0, at)];
}
