import { join } from "node:path";
import { describe } from "node:test";
import { plant } from "@cocktail/planted-bugs";
import { mutants } from "./mutants.ts";

describe("planted bugs in the order of writes", () => {
  plant({ directory: join(import.meta.dirname, ".."), testTimeoutMs: 25_000 }, mutants);
});
