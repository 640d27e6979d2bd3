import { describe } from "node:test";
import { limitMutants } from "./mutants-of-limits.ts";
import { plant } from "./planted-bugs.ts";

describe("planted bugs in hostile input, limits and draining", () => {
  plant(limitMutants);
});
