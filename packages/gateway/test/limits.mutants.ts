import { describe } from "node:test";
import { plant } from "@cocktail/planted-bugs";
import { limitMutants } from "./mutants-of-limits.ts";
import { gateway } from "./planted-bugs.ts";

describe("planted bugs in hostile input, limits and draining", () => {
  plant(gateway, limitMutants);
});
