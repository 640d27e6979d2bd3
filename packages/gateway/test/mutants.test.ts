import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { limitMutants } from "./mutants-of-limits.ts";
import { routingMutants } from "./mutants-of-routing.ts";
import { mutants } from "./mutants.ts";
import { plant } from "./planted-bugs.ts";

describe("planted bugs", () => {
  it("break every rule of the specification", () => {
    const spec = readFileSync(join(import.meta.dirname, "../../../docs/spec/gateway.md"), "utf8");
    const rules = [...spec.matchAll(/^### (G-[0-9]+) /gm)].map(([, rule = ""]) => rule);
    assert.ok(rules.length >= 38);
    const broken = [...routingMutants, ...mutants, ...limitMutants].map(({ rule }) => rule);
    assert.deepEqual(new Set(broken), new Set(rules));
  });

  plant(mutants);
});
