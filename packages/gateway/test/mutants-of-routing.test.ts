import { describe } from "node:test";
import { routingMutants } from "./mutants-of-routing.ts";
import { plant } from "./planted-bugs.ts";

describe("planted bugs in routing and evidence", () => {
  plant(routingMutants);
});
