import type { Mutant } from "@cocktail/planted-bugs";

type Row = readonly [rule: string, find: string, replace: string, testFile: string, test: string];

export function inFile(file: string, rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([rule, find, replace, testFile, test]) => ({
    rule,
    file,
    find,
    replace,
    testFile: `${testFile}.test.ts`,
    test,
  }));
}
