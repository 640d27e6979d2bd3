import type { Mutant } from "@cocktail/planted-bugs";

type Row = readonly [rule: string, find: string, replace: string, test: string];

/** Bugs in one file of src that the tests of one file must detect. */
export function inFile(file: string, testFile: string, rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([rule, find, replace, test]) => ({ rule, file, find, replace, testFile, test }));
}
