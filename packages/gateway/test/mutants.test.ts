import { join } from "node:path";
import { describe } from "node:test";
import { checkMutants } from "@cocktail/planted-bugs";
import { limitMutants } from "./mutants-of-limits.ts";
import { routingMutants } from "./mutants-of-routing.ts";
import { mutants } from "./mutants.ts";

describe("planted bugs", () => {
  checkMutants("gateway.md", join(import.meta.dirname, ".."), [
    ...routingMutants,
    ...mutants,
    ...limitMutants,
  ]);
});
