// The rows of docs/guides/troubleshooting.md, from the places where each word and its fix are defined.
// oxlint-disable no-restricted-imports -- No door has all of them, and the page is about what is inside.
import { conditionFixes, explanationFix, problemFix } from "../../apps/cli/src/fixes.ts";
import { failureCodes } from "../../apps/cli/src/failure.ts";
import { problemKinds, problemOf } from "../../packages/control-plane/src/api/problems.ts";
import { refusalText } from "../../packages/control-plane/src/api/texts.ts";
import { type Reason, reasons } from "../../packages/environment/src/reasons.ts";
import { problems } from "../../packages/gateway/src/problem.ts";
import { apiHints, commandHints, gatewayHints } from "./troubleshooting-hints.ts";
// oxlint-enable no-restricted-imports

/** One line of the table. */
export interface Row {
  readonly word: string;
  readonly where: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** `SERVICE:KEY` for every variant, and the name of the parameter for everything else. */
const capitals = Object.fromEntries(
  "name service url seconds max owner branch path environment children parent source variants"
    .split(" ")
    .map((name) => [name, name.toUpperCase()]),
);
const named = { ...capitals, variant: "SERVICE:KEY", verb: "deploy" };

function conditionRows(reason: Reason): readonly Row[] {
  const isRefusal = refusalText({ reason, params: named }).detail !== reason;
  if (!Object.hasOwn(conditionFixes, reason) && isRefusal) return [];
  const fix = Object.hasOwn(conditionFixes, reason) ? "known" : "";
  const remedy = explanationFix({ reason, params: named, fix }) || "nothing";
  return [{ word: reason, where: "status", meaning: reasons[reason], remedy }];
}

function refusalRows(reason: Reason): readonly Row[] {
  const { code, detail, fix } = refusalText({ reason, params: named });
  if (detail === reason) return [];
  const remedy = problemFix(problemOf(code, { detail, fix, reason, params: named }));
  return [{ word: reason, where: `refusal, ${code}`, meaning: reasons[reason], remedy }];
}

const value = (name: string): string =>
  String.raw`(?:"(?<${name}>[^"]*)"|${"`"}(?<${name}Template>[^${"`"}]*)${"`"}|(?<${name}Variable>[\w.]+(?:\([^)]*\))?))`;
const finding = new RegExp(
  String.raw`\b(?:warning|failed)\(\s*${value("word")},\s*${value("meaning")},\s*${value("remedy")}`,
  "g",
);

/** What doctor finds, from the literals of the checks of one file. What is known only at run time is `…`. */
export function doctorRows(source: string): readonly Row[] {
  const constant = /const name = ["`]([^"`]*)["`]/.exec(source)?.[1] ?? "";
  return [...source.matchAll(finding)].map(({ groups = {} }) => {
    const textOf = (name: string, otherwise: string): string =>
      (groups[name] ?? groups[`${name}Template`] ?? otherwise).replaceAll(/\$\{[^}]*\}/g, "…");
    const row = {
      word: textOf("word", constant.replaceAll(/\$\{[^}]*\}/g, "…")),
      where: "doctor",
      meaning: textOf("meaning", "what the line says"),
      remedy: textOf("remedy", "what its fix says"),
    };
    return row;
  });
}

const isReason = (word: string): word is Reason => Object.hasOwn(reasons, word);
const hint = (hints: Readonly<Record<string, string>>, word: string): string => hints[word] ?? "";

/** Every word that a user can meet, in alphabetical order. */
export function troubleshootingRows(doctorFiles: readonly string[]): readonly Row[] {
  const all = Object.keys(reasons).filter(isReason);
  const rows: Row[] = [
    ...all.flatMap(conditionRows),
    ...all.flatMap(refusalRows),
    ...Object.entries(problems).map(([word, [status, meaning]]) => ({
      word,
      where: `gateway, ${status}`,
      meaning,
      remedy: hint(gatewayHints, word),
    })),
    ...Object.entries(problemKinds).map(([word, { title }]) => ({
      word,
      where: "API, command",
      meaning: title,
      remedy: hint(apiHints, word),
    })),
    ...Object.entries(failureCodes)
      .filter(([word]) => !Object.hasOwn(problemKinds, word))
      .map(([word, meaning]) => ({
        word,
        where: "command",
        meaning,
        remedy: hint(commandHints, word),
      })),
    ...doctorFiles.flatMap(doctorRows),
  ];
  return rows.toSorted(
    (a, b) => a.word.localeCompare(b.word, "en") || (a.where < b.where ? -1 : 1),
  );
}

const cell = (text: string): string =>
  text
    .replace(/\.$/, "")
    .replaceAll("|", String.raw`\|`)
    .replaceAll(/[<>*]/g, String.raw`\$&`);

/** The table of the page. */
export function renderRows(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ word, where, meaning, remedy }) =>
      `| \`${word}\` | ${where} | ${cell(meaning)} | ${cell(remedy)} |\n`,
  );
  return `| word | seen in | meaning | what to do |\n|---|---|---|---|\n${lines.join("")}`;
}
