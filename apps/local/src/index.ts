export type { RunFile } from "./state/run-file.ts";
