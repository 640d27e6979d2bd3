import { collected } from "./collected.ts";

const { search } = new URL(import.meta.url);

/** Stands in for `test` of node:test: keeps the tests of a file without running them. */
export function test(title: string, body: () => unknown): void {
  const tests = collected.get(search) ?? new Map<string, () => unknown>();
  collected.set(search, tests.set(title, body));
}
