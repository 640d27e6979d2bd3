import type { Mutant } from "@cocktail/planted-bugs";

type Row = readonly [rule: string, file: string, find: string, replace: string, test: string];

export function noticedBy(testFile: string, rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([rule, file, find, replace, test]) => ({
    rule,
    file: `${file}.ts`,
    find,
    replace,
    testFile: `${testFile}.test.ts`,
    test,
  }));
}
