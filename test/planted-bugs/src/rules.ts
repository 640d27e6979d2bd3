import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import type { Mutant } from "./mutant.ts";
import { faultOf } from "./plant.ts";

const pages = join(import.meta.dirname, "../../../docs/spec");

/**
 * What `npm test` demands of a list of bugs: together they break every rule of a page of docs/spec, and each of them can
 * still be planted. Whether they are noticed is for `npm run mutants`. To be called in a `describe`.
 */
export function checkMutants(page: string, directory: string, mutants: readonly Mutant[]): void {
  it("break every rule of the specification, and nothing that is no rule of it", () => {
    const spec = readFileSync(join(pages, page), "utf8");
    const rules = [...spec.matchAll(/^### ([A-Z]+-[0-9]+) /gm)].map(([, rule = ""]) => rule);
    assert.ok(rules.length > 0, `${page} has no rules`);
    assert.deepEqual(new Set(mutants.map(({ rule }) => rule)), new Set(rules));
  });

  checkPlantable(directory, mutants);
}

/** Fails where a bug can't be planted any more. To be called in a `describe`. */
export function checkPlantable(directory: string, mutants: readonly Mutant[]): void {
  it("can be planted", () => {
    const faults = mutants.flatMap((mutant) => faultOf(directory, mutant) ?? []);
    assert.deepEqual(faults, [], "change a bug with the text that it replaces");
  });
}
