export * from "./api/index.ts";
export * from "./client.ts";
export * from "./errors.ts";
