/** One planted bug: the rule of docs/spec/gateway.md it breaks, the change, and the test that must notice. */
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
