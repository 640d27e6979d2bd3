import { join } from "node:path";
import { describe } from "node:test";
import { checkMutants } from "@cocktail/planted-bugs";
import { mutants } from "./mutants.ts";

describe("planted bugs", () => {
  checkMutants("route.md", join(import.meta.dirname, ".."), mutants);
});
