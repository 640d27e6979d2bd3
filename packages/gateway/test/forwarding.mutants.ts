import { describe } from "node:test";
import { plant } from "@cocktail/planted-bugs";
import { mutants } from "./mutants.ts";
import { gateway } from "./planted-bugs.ts";

describe("planted bugs in forwarding", () => {
  plant(gateway, mutants);
});
