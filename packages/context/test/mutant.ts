/** One planted bug: the rule of docs/spec/context.md it breaks, the change, and the test that must notice. */
export interface Mutant {
  readonly rule: string;
  /** Below src. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Below src. */
  readonly testFile: string;
  readonly test: string;
}

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
