/** One planted bug: the rule it breaks, of the package's page in docs/spec, the change, and the test that must notice. */
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
