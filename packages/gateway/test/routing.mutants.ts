import { describe } from "node:test";
import { plant } from "@cocktail/planted-bugs";
import { routingMutants } from "./mutants-of-routing.ts";
import { gateway } from "./planted-bugs.ts";

describe("planted bugs in routing and evidence", () => {
  plant(gateway, routingMutants);
});
