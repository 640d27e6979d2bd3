export * from "./command/command.ts";
export * from "./command/reference.ts";
export * from "./commands/index.ts";
export * from "./run.ts";
