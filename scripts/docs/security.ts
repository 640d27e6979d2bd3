import type { Invariant } from "./spec.ts";

const page = "SECURITY.md";
/** Sections without sentences about the product. */
const prose: ReadonlySet<string> = new Set([
  "# Security",
  "## Reporting",
  "## How to read this page",
]);
/** One sentence, and the rules that hold it: `- The API wants a token. (A-3, S-2)`. */
const sentence = /^- .+[.] \(([A-Z]+-\d+(?:, [A-Z]+-\d+)*)\)$/;
const severalSentences = /[a-z*`)][.] [A-Z*]/;

/** Every line that is said about the product, by its number. */
function linesOf(markdown: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  let section = "";
  for (const [index, text] of markdown.split("\n").entries()) {
    if (text.startsWith("#")) section = text;
    else if (text !== "" && !prose.has(section)) found.set(index + 1, text);
  }
  return found;
}

const rulesOf = (text: string): readonly string[] => sentence.exec(text)?.[1]?.split(", ") ?? [];

function faultsOf(text: string, known: ReadonlySet<string>): readonly string[] {
  const rules = rulesOf(text);
  return [
    ...(rules.length === 0 ? ["no rule holds it (- Sentence. (A-3, S-2))"] : []),
    ...(severalSentences.test(text) ? ["is more than one sentence"] : []),
    ...rules.filter((id) => !known.has(id)).map((id) => `docs/spec has no rule ${id}`),
  ];
}

/**
 * What is wrong with SECURITY.md, one sentence each: a line that is not a sentence with the rules that hold it, a rule that
 * docs/spec doesn't have, a rule about security (S) that no sentence names.
 */
export function securityProblems(
  markdown: string,
  invariants: readonly Pick<Invariant, "id">[],
): readonly string[] {
  const known = new Set(invariants.map(({ id }) => id));
  const lines = linesOf(markdown);
  const named = new Set([...lines.values()].flatMap(rulesOf));
  const unsaid = [...known].filter((id) => id.startsWith("S-") && !named.has(id));
  return [
    ...Array.from(lines).flatMap(([line, text]) =>
      faultsOf(text, known).map((what) => `${page}:${line}: ${what}`),
    ),
    ...unsaid.map((id) => `${page} says nothing of ${id}`),
  ];
}
