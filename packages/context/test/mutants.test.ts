import { join } from "node:path";
import { describe, it } from "node:test";
import { assertEveryRuleIsBroken, plant } from "@cocktail/planted-bugs";
import { mutants } from "./mutants.ts";

describe("planted bugs", () => {
  it("break every rule of the specification", () => {
    assertEveryRuleIsBroken("context.md", mutants);
  });

  plant({ directory: join(import.meta.dirname, ".."), testTimeoutMs: 20_000 }, mutants);
});
