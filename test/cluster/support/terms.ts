import type { LinesProcess } from "./lines-process.ts";

/** How often a process began to lead. */
export function termsOf({ lines }: LinesProcess): number {
  return lines.filter((line) => line === "leads" || line.includes('"msg":"leads"')).length;
}

/**
 * How often the writer changes in a sequence of writes, and once more: with one writer at a time, at most once a term. A busy machine may bring
 * more terms than a test asked for; interleaved writers are more changes than any number of terms.
 */
export function stretchesOf(writers: readonly string[]): number {
  return writers.filter((writer, at) => writer !== writers[at - 1]).length;
}
