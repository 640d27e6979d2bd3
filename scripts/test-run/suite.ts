import { sep } from "node:path";

/** The suite of a test file is its workspace: `packages/route`, `apps/cli`, `examples/shop`, `test/e2e`, `testbed`, `scripts`. */
export function suiteOf(file: string): string {
  const [first = "", second] = file.split(sep);
  return second === undefined || ["scripts", "benchmarks", "testbed"].includes(first)
    ? first
    : `${first}/${second}`;
}

/** Suites that install packages or run the whole product for minutes: only when asked for by name, or with `--all`. */
const slowSuites: readonly string[] = ["test/e2e", "test/frameworks", "test/pack"];

/** Run inside a testbed, by `npm run test:cluster` and `npm run test:node` alone. */
const testbedSuites: readonly string[] = ["test/cluster", "test/node"];

export const isSlow = (file: string): boolean => slowSuites.includes(suiteOf(file));

/**
 * The files of a run. Without filters: everything but the slow suites; with filters: the files whose path starts with
 * one of them. A filter that selects nothing is returned in `empty`: a typing error must not look like success.
 */
export function selectFiles(
  files: readonly string[],
  { filters, all }: { readonly filters: readonly string[]; readonly all: boolean },
): { readonly chosen: readonly string[]; readonly empty: readonly string[] } {
  const plain = filters.map((filter) => filter.replace(/^\.\//, "").replace(/\/$/, ""));
  const matches = (file: string, filter: string): boolean =>
    file === filter || file.startsWith(`${filter}${sep}`);
  if (plain.length === 0) {
    return {
      chosen: files.filter(
        (file) => !testbedSuites.includes(suiteOf(file)) && (all || !isSlow(file)),
      ),
      empty: [],
    };
  }
  return {
    chosen: files.filter((file) => plain.some((filter) => matches(file, filter))),
    empty: plain.filter((filter) => !files.some((file) => matches(file, filter))),
  };
}
