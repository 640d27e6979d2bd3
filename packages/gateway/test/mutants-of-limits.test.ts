import { describe } from "node:test";
import { limitMutants } from "./mutants-of-limits.ts";
import { plant } from "./planted-bugs.ts";

describe("planted bugs in evidence, limits and draining", () => {
  plant(limitMutants);
});
