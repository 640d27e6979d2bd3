import { CommanderError } from "commander";
import { type Failure, usageFailure } from "../failure.ts";
import { type Catalog, findCommand, findGroup, verbsOf } from "./catalog.ts";
import { renderGroupHelp, renderHelp, renderRootHelp } from "./help.ts";
import type { Parsed } from "./parsed.ts";

/** What commander threw: help that was asked for, or what is wrong and what was meant. */
export function explainParseError(
  error: unknown,
  words: readonly string[],
  catalog: Catalog,
): Parsed {
  if (!(error instanceof CommanderError)) throw error;
  if (error.code === "commander.helpDisplayed") {
    return helpFor(words, catalog);
  }
  const help = whereToLook(words, catalog);
  const failure =
    error.code === "commander.help"
      ? verbMissing(catalog, findGroup(catalog, words) ?? "", help)
      : usageFailure(...explainMessage(error.message, help));
  return { kind: "wrong", failure };
}

function whereToLook(words: readonly string[], catalog: Catalog): string {
  if (words[0]?.startsWith("-") === true) {
    return "the command comes first, then its options; see: cocktail --help";
  }
  const group = findGroup(catalog, words);
  const noun = group === undefined ? "cocktail" : `cocktail ${group}`;
  return `${findCommand(catalog, words)?.invokedAs ?? noun} --help`;
}

function verbMissing(catalog: Catalog, group: string, help: string): Failure {
  const verbs = verbsOf(catalog, group).map(({ path }) => path.at(-1));
  return usageFailure(`\`cocktail ${group}\` wants a verb: ${verbs.join(", ")}`, help);
}

/** Commander puts what was meant on a second line. */
function explainMessage(text: string, help: string): [message: string, fix: string] {
  const [message = "", hint = ""] = text.replace(/^error: /, "").split("\n");
  const [, meant] = /Did you mean (?:one of )?(.*?)\?/.exec(hint) ?? [];
  return [message, meant === undefined ? help : `did you mean ${meant}? See: ${help}`];
}

function helpFor(words: readonly string[], catalog: Catalog): Parsed {
  const command = findCommand(catalog, words);
  if (command !== undefined) return { kind: "help", text: renderHelp(command) };
  const group = findGroup(catalog, words);
  const unknown = words[group === undefined ? 0 : 1] ?? "-";
  if (!unknown.startsWith("-")) {
    const help = group === undefined ? "cocktail --help" : `cocktail ${group} --help`;
    return { kind: "wrong", failure: usageFailure(`unknown command '${unknown}'`, help) };
  }
  const text = group === undefined ? renderRootHelp(catalog) : renderGroupHelp(catalog, group);
  return { kind: "help", text };
}
