import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "./mutant.ts";

const pages = join(import.meta.dirname, "../../../docs/spec");

/** Fails unless the bugs break every rule of a page of docs/spec, and nothing that is no rule of it. */
export function assertEveryRuleIsBroken(page: string, mutants: readonly Mutant[]): void {
  const spec = readFileSync(join(pages, page), "utf8");
  const rules = [...spec.matchAll(/^### ([A-Z]+-[0-9]+) /gm)].map(([, rule = ""]) => rule);
  assert.ok(rules.length > 0, `${page} has no rules`);
  assert.deepEqual(new Set(mutants.map(({ rule }) => rule)), new Set(rules));
}
