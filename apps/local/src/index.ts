export type { RunFile } from "@cocktail/local-state";
