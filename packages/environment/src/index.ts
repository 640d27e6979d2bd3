export * from "./desired.ts";
export * from "./incarnation.ts";
export * from "./source.ts";
export * from "./state.ts";
