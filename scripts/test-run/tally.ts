import { suiteOf } from "./suite.ts";

export interface Outcome {
  readonly file: string;
  readonly title: string;
  readonly result: "passed" | "failed" | "skipped";
  /** Why it was skipped, or how it failed. */
  readonly detail: string;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Tally extends Counts {
  readonly suites: ReadonlyMap<string, Counts>;
  /** Files that were chosen and held no test. They count as failed: a test that isn't there can't pass. */
  readonly withoutTests: readonly string[];
}

const none: Counts = { passed: 0, failed: 0, skipped: 0 };

const plus = (counts: Counts, result: Outcome["result"]): Counts => ({
  ...counts,
  [result]: counts[result] + 1,
});

/** Sums the outcomes of a run of these files, by suite and in all. */
export function tally(files: readonly string[], outcomes: readonly Outcome[]): Tally {
  const suites = new Map(files.map((file) => [suiteOf(file), none]));
  const count = (file: string, result: Outcome["result"]): void => {
    const suite = suiteOf(file);
    suites.set(suite, plus(suites.get(suite) ?? none, result));
  };
  for (const { file, result } of outcomes) count(file, result);
  const withTests = new Set(outcomes.map(({ file }) => file));
  const withoutTests = files.filter((file) => !withTests.has(file));
  for (const file of withoutTests) count(file, "failed");

  const sum = (pick: keyof Counts): number =>
    [...suites.values()].reduce((total, counts) => total + counts[pick], 0);
  return {
    suites,
    withoutTests,
    passed: sum("passed"),
    failed: sum("failed"),
    skipped: sum("skipped"),
  };
}

/** The line that every run ends with, and that `.ci/run` adds up. */
export const totalLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
