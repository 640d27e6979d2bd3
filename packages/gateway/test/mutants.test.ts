import { describe, it } from "node:test";
import { assertEveryRuleIsBroken, plant } from "@cocktail/planted-bugs";
import { limitMutants } from "./mutants-of-limits.ts";
import { routingMutants } from "./mutants-of-routing.ts";
import { mutants } from "./mutants.ts";
import { gateway } from "./planted-bugs.ts";

describe("planted bugs", () => {
  it("break every rule of the specification", () => {
    assertEveryRuleIsBroken("gateway.md", [...routingMutants, ...mutants, ...limitMutants]);
  });

  plant(gateway, mutants);
});
