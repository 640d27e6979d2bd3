import { join } from "node:path";
import type { PlantedPackage } from "@cocktail/planted-bugs";

export const gateway: PlantedPackage = {
  directory: join(import.meta.dirname, ".."),
  testTimeoutMs: 10_000,
  // A bug that makes a test wait is noticed soon.
  env: { COCKTAIL_TEST_DEADLINE_MS: "3000" },
};
