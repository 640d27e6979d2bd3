import type { Command as Commander } from "commander";
import { exitCodeMeanings } from "../exit-code.ts";
import { failureCodes } from "../failure.ts";
import { problemExitCodes } from "../error-mapping.ts";
import { type Catalog, verbsOf, visibleCommands } from "./catalog.ts";
import type { Command } from "./command.ts";
import { buildProgram, type Program } from "./program.ts";

/** The reference page, generated from the same definitions as help and parsing. */
export function renderReference(catalog: Catalog): string {
  const { leaves } = buildProgram(catalog);
  const single = visibleCommands(catalog).filter(({ path }) => path.length === 1);
  return [
    "# Commands",
    "",
    "<!-- Generated from the definitions in apps/cli/src/commands: node --conditions=@cocktail/source --test --test-update-snapshots apps/cli/src/command/reference.test.ts -->",
    "",
    introduction,
    "",
    "## Overview",
    "",
    ...table(["command", "description"], visibleCommands(catalog).map(overviewRow)),
    ...section("Cocktail", single, leaves),
    ...Object.entries(catalog.groups).flatMap(([name, title]) =>
      section(title, verbsOf(catalog, name), leaves),
    ),
    "",
    "## Exit codes",
    "",
    ...table(
      ["code", "meaning"],
      exitCodeMeanings.map(([code, text]) => [String(code), text]),
    ),
    "",
    "## Error codes",
    "",
    "Under `-o json` an error is one object on stderr: `{code, message, fix, retryable}`. Branch on `code`.",
    "",
    ...table(
      ["code", "meaning"],
      Object.entries(failureCodes).map(([code, text]) => [`\`${code}\``, text]),
    ),
    "",
    "Codes of the API, and the exit code each becomes:",
    "",
    ...table(
      ["code", "exit code"],
      Object.entries(problemExitCodes).map(([code, exit]) => [`\`${code}\``, String(exit)]),
    ),
    "",
  ].join("\n");
}

const introduction = [
  "`cocktail NOUN VERB [NAME] [options]`. The result goes to stdout, everything else to stderr, so `$(cocktail env url ops-101)` and",
  "pipes always work. No command prompts: one that would lose work requires a flag (`--discard`, `--purge`).",
  "",
  "A command uses the cocktail of `--file`; else of the nearest cocktail.yaml from the working directory upward whose cocktail runs; else",
  "the one at `COCKTAIL_API` (with `COCKTAIL_TOKEN` for changes).",
  "",
  "`-o table|wide|json|yaml|name` chooses the format; fields of JSON may be added and are never renamed. `NO_COLOR`, `TERM=dumb` and",
  "`--color` are honoured. Without a terminal, progress is one line per change and a line every 30 s. Commands that change something",
  "wait until it is served (`--no-wait`, `--wait-timeout`); Ctrl-C stops the wait, not the operation. `--dry-run` prints the plan.",
].join("\n");

function section(
  title: string,
  commands: readonly Command[],
  leaves: Program["leaves"],
): readonly string[] {
  return ["", `## ${title}`, ...commands.flatMap((each) => describe(each, leaves.get(each)))];
}

function describe(command: Command, leaf: Commander | undefined): readonly string[] {
  if (leaf === undefined) return [];
  const help = leaf.createHelp();
  const rows = [
    ...help.visibleArguments(leaf).map((each) => [help.argumentTerm(each), each.description]),
    ...leaf.options.map((each) => [help.optionTerm(each), help.optionDescription(each)]),
  ];
  return [
    "",
    `### cocktail ${command.path.join(" ")}`,
    "",
    `${command.summary}.`,
    "",
    "```",
    help.commandUsage(leaf),
    "```",
    ...command.details.flatMap((paragraph) => ["", paragraph]),
    "",
    ...table(
      ["argument or option", "description"],
      rows.map(([term = "", text = ""]) => [`\`${term}\``, text]),
    ),
    "",
    "```sh",
    ...command.examples.flatMap(({ text, command: example }) => [`# ${text}`, example]),
    "```",
  ];
}

function overviewRow(command: Command): readonly string[] {
  const name = `cocktail ${command.path.join(" ")}`;
  return [`[\`${name}\`](#${name.replaceAll(" ", "-")})`, command.summary];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
