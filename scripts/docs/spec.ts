import { withoutCode } from "./markdown.ts";
import { testTitles } from "./test-titles.ts";

/** One numbered rule of docs/spec and the tests that hold it. */
export interface Invariant {
  readonly id: string;
  readonly title: string;
  readonly page: string;
  readonly line: number;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const heading = /^###\s+(\S+)\s+(.+)$/;
const testLine = /^Test:\s+(\S+)\s+"(.*)"\s*$/;

/** Reads `### R-12 Title` and, below it, lines of the form `Test: path/x.test.ts "title of the test"`. */
export function parseInvariants(page: string, markdown: string): readonly Invariant[] {
  const invariants: (Invariant & { readonly tests: Invariant["tests"][number][] })[] = [];
  const visible = withoutCode(markdown).split("\n");
  for (const [index, text] of markdown.split("\n").entries()) {
    if (visible[index] === "") continue;
    const [, id, title] = heading.exec(text) ?? [];
    if (id !== undefined && title !== undefined) {
      invariants.push({ id, title, page, line: index + 1, tests: [] });
    }
    const [, file, test] = testLine.exec(text) ?? [];
    if (file !== undefined && test !== undefined)
      invariants.at(-1)?.tests.push({ file, title: test });
  }
  return invariants;
}

function problemsOf(invariant: Invariant, read: (file: string) => string | undefined): string[] {
  const problems: string[] = [];
  if (!/^[A-Z]+-\d+$/.test(invariant.id)) problems.push("its number must look like R-12");
  if (invariant.tests.length === 0) problems.push('no test holds it (Test: path "title")');
  for (const { file, title } of invariant.tests) {
    const text = read(file);
    if (text === undefined) problems.push(`${file} does not exist`);
    else if (!testTitles(file, text).has(title)) {
      problems.push(`${file} has no running test "${title}"`);
    }
  }
  return problems;
}

/** What is wrong with these rules, one sentence each: a number twice, no test, a test that is not there or is skipped. */
export function invariantProblems(
  invariants: readonly Invariant[],
  read: (file: string) => string | undefined,
): readonly string[] {
  const first = new Map<string, Invariant>();
  return invariants.flatMap((invariant) => {
    const { id, page, line } = invariant;
    const earlier = first.get(id);
    first.set(id, earlier ?? invariant);
    const twice =
      earlier === undefined ? [] : [`is already used in ${earlier.page}:${earlier.line}`];
    return [...twice, ...problemsOf(invariant, read)].map((it) => `${page}:${line}: ${id} ${it}`);
  });
}
