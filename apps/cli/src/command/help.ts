import { type Catalog, verbsOf, visibleCommands } from "./catalog.ts";
import type { Command } from "./command.ts";
import { type OptionSpec, valueName, writtenFlag } from "./option.ts";

const wrapAt = 96;
/** Options that every command has are listed last. */
const shared = ["file", "output", "color"];

/** `cocktail branch deploy SERVICE [options] [-- COMMAND...]`. */
export function renderUsage(command: Command): string {
  const args = Object.values(command.args).map(({ value, optional }) =>
    optional === true ? `[${value}]` : value,
  );
  const rest = command.rest === undefined ? [] : [`[-- ${command.rest.value}]`];
  return [command.invokedAs, ...args, "[options]", ...rest].join(" ");
}

/** The help of one command. */
export function renderHelp(command: Command): string {
  const args = Object.values(command.args).map(({ value, summary }) => [value, summary] as const);
  const rest =
    command.rest === undefined ? [] : [[`-- ${command.rest.value}`, command.rest.summary] as const];
  return [
    `${command.summary}.`,
    "",
    `Usage: ${renderUsage(command)}`,
    ...command.details.flatMap((paragraph) => ["", ...wrap(paragraph, wrapAt)]),
    ...section("Arguments", [...args, ...rest]),
    ...section("Options", [...optionRows(command), ["-h, --help", "this help"]]),
    "",
    "Examples:",
    ...command.examples.flatMap(({ text, command: example }) => [`  # ${text}`, `  ${example}`]),
    "",
  ].join("\n");
}

/** The help of a noun: its verbs. */
export function renderGroupHelp(catalog: Catalog, name: string): string {
  const verbs = verbsOf(catalog, name);
  return [
    `${catalog.groups[name] ?? name}.`,
    "",
    `Usage: cocktail ${name} VERB [options]`,
    ...section("Verbs", verbs.map(summaryRow)),
    "",
    `Help of a verb: cocktail ${name} VERB --help`,
    "",
  ].join("\n");
}

/** The help of the program: every command in a line. */
export function renderRootHelp(catalog: Catalog): string {
  const single = visibleCommands(catalog).filter(({ path }) => path.length === 1);
  return [
    "Several versions of every service side by side; each request goes where its route says.",
    "",
    "Usage: cocktail COMMAND [options]",
    ...section("Commands", single.map(summaryRow)),
    ...Object.entries(catalog.groups).flatMap(([name, title]) =>
      section(title, verbsOf(catalog, name).map(summaryRow)),
    ),
    "",
    "Start here: cocktail up. Help of a command: cocktail COMMAND --help",
    "",
  ].join("\n");
}

function summaryRow({ path, summary }: Command): readonly [string, string] {
  return [path.join(" "), summary];
}

/** Options as [how to write it, what it does], the shared ones last. */
export function optionRows(command: Command): readonly (readonly [string, string])[] {
  const names = Object.keys(command.options);
  const ordered = [
    ...names.filter((name) => !shared.includes(name)),
    ...shared.filter((name) => names.includes(name)),
  ];
  return ordered.flatMap((name) => {
    const spec = command.options[name];
    return spec === undefined ? [] : [[optionFlags(name, spec), optionSummary(spec)] as const];
  });
}

function optionFlags(name: string, spec: OptionSpec): string {
  const long = writtenFlag(name, spec);
  const value = valueName(spec);
  const flags = value === undefined ? long : `${long} ${value}`;
  return spec.short === undefined ? flags : `${spec.short}, ${flags}`;
}

function optionSummary(spec: OptionSpec): string {
  const repeat = spec.kind === "list" || spec.kind === "pairs" ? "; may be repeated" : "";
  const standard =
    "default" in spec && spec.default !== undefined ? ` (default: ${shown(spec)})` : "";
  return `${spec.summary}${repeat}${standard}`;
}

function shown(spec: OptionSpec & { readonly default?: string | number }): string {
  if (spec.kind !== "duration" || typeof spec.default !== "number") return String(spec.default);
  return spec.default % 60 === 0 ? `${spec.default / 60}m` : `${spec.default}s`;
}

function section(title: string, rows: readonly (readonly [string, string])[]): readonly string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.flatMap(([label, text]) =>
    wrap(text, Math.max(40, wrapAt - width - 4)).map(
      (part, at) => `  ${(at === 0 ? label : "").padEnd(width)}  ${part}`,
    ),
  );
  return ["", `${title}:`, ...lines];
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    if (current !== "" && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
