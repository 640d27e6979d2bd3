import { join } from "node:path";
import { describe } from "node:test";
import { plant } from "@cocktail/planted-bugs";
import { mutants } from "./mutants.ts";

describe("planted bugs", () => {
  plant({ directory: join(import.meta.dirname, ".."), testTimeoutMs: 60_000 }, mutants);
});
