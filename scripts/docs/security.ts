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

/**
 * What is wrong with SECURITY.md, one sentence each: a line that is not a sentence with the rules that hold it, a rule that
 * docs/spec doesn't have, a rule about security (S) that no sentence names.
 */
export function securityProblems(
  markdown: string,
  invariants: readonly Pick<Invariant, "id">[],
): readonly string[] {
  const known = new Set(invariants.map(({ id }) => id));
  const named = new Set<string>();
  const problems: string[] = [];
  let section = "";
  for (const [index, text] of markdown.split("\n").entries()) {
    if (text.startsWith("#")) section = text;
    if (text === "" || text === section || prose.has(section)) continue;
    const report = (what: string): unknown => problems.push(`${page}:${index + 1}: ${what}`);
    const rules = sentence.exec(text)?.[1]?.split(", ");
    if (rules === undefined) report("no rule holds it (- Sentence. (A-3, S-2))");
    if (severalSentences.test(text)) report("is more than one sentence");
    for (const id of rules ?? []) {
      named.add(id);
      if (!known.has(id)) report(`docs/spec has no rule ${id}`);
    }
  }
  const unsaid = [...known].filter((id) => id.startsWith("S-") && !named.has(id));
  return [...problems, ...unsaid.map((id) => `${page} says nothing of ${id}`)];
}
