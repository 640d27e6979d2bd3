import { CommanderError } from "commander";
import { Failure, usageFailure } from "../failure.ts";
import { type Catalog, findCommand, findGroup, verbsOf } from "./catalog.ts";
import type { Command, CommandInput } from "./command.ts";
import type { RestSpec } from "./option.ts";
import { buildProgram } from "./program.ts";
import { readWords } from "./words.ts";

/** The meaning of a command line. */
export type CommandLine =
  | { readonly kind: "run"; readonly command: Command; readonly input: CommandInput }
  /** Requested help: printed to stdout with exit code 0. */
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "invalid"; readonly failure: Failure };

/** Reads the arguments after the program's name. Never prints and never exits. */
export function parseCommandLine(catalog: Catalog, argv: readonly string[]): CommandLine {
  const { own, rest } = readWords(argv);
  let chosen: CommandLine | undefined;
  const { root, printed } = buildProgram(catalog, (command, parsed) => {
    const input = { ...parsed, rest: readRest(command.rest, rest, command.invokedAs) };
    chosen = { kind: "run", command, input };
  });
  try {
    root.parse(own.length === 0 ? ["--help"] : own, { from: "user" });
  } catch (error) {
    const failure = toParseFailure(error, own, catalog);
    return failure === undefined ? { kind: "help", text: printed() } : { kind: "invalid", failure };
  }
  return chosen ?? { kind: "invalid", failure: usageFailure("no command", "cocktail --help") };
}

function readRest(
  spec: RestSpec | undefined,
  rest: readonly string[] | undefined,
  name: string,
): readonly string[] {
  if (rest === undefined) return [];
  if (spec === undefined)
    throw usageFailure(`\`${name}\` takes no words after --`, `leave out: -- ${rest.join(" ")}`);
  if (rest.length > 0) return rest;
  const what = spec.placeholder;
  throw usageFailure(`${what} is missing after --`, `write ${what} after --, or leave out --`);
}

/** The fault of the command line with a suggestion; undefined if help was requested. */
function toParseFailure(
  error: unknown,
  words: readonly string[],
  catalog: Catalog,
): Failure | undefined {
  if (error instanceof Failure) return error;
  if (!(error instanceof CommanderError)) throw error;
  const command = findCommand(catalog, words);
  const group = findGroup(catalog, words);
  const noun = group === undefined ? "cocktail" : `cocktail ${group}`;
  const help = `${command?.invokedAs ?? noun} --help`;
  switch (error.code) {
    case "commander.helpDisplayed":
      return command === undefined
        ? refuseUnknown(words[noun.split(" ").length - 1], help)
        : undefined;
    case "commander.help":
      return verbMissing(catalog, noun, help);
    default:
      return explainMessage(error, words, help);
  }
}

function verbMissing(catalog: Catalog, noun: string, help: string): Failure {
  const verbs = verbsOf(catalog, noun.split(" ")[1] ?? "").map(({ path }) => path.at(-1));
  return usageFailure(`\`${noun}\` needs a verb: ${verbs.join(", ")}`, help);
}

/** Help was requested; refused for an unknown command. */
function refuseUnknown(word = "--", help: string): Failure | undefined {
  return word.startsWith("-") ? undefined : usageFailure(`unknown command '${word}'`, help);
}

function explainMessage(error: CommanderError, words: readonly string[], help: string): Failure {
  // Commander puts its suggestion on a second line.
  const [message = "", hint = ""] = error.message.replace(/^error: /, "").split("\n");
  const [, suggestion] = /Did you mean (?:one of )?(.*?)\?/.exec(hint) ?? [];
  if (error.code === "commander.missingArgument")
    return usageFailure(message.replace(/^.*'(.*)'$/, "$1 is missing"), help);
  if (error.code === "commander.excessArguments")
    return usageFailure(
      message.replace(/^(.*) for .*: (.*)\.$/, "$1: $2"),
      `quote an argument that contains spaces, or put a command after --; see: ${help}`,
    );
  if (words[0]?.startsWith("-") === true)
    return usageFailure(message, "put options after the command; see: cocktail --help");
  return usageFailure(
    message,
    suggestion === undefined ? help : `did you mean ${suggestion}? See: ${help}`,
  );
}
