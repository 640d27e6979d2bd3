import { join } from "node:path";
import { describe } from "node:test";
import { checkPlantable } from "@cocktail/planted-bugs";
import { mutants } from "./mutants.ts";

describe("planted bugs", () => {
  checkPlantable(join(import.meta.dirname, ".."), mutants);
});
