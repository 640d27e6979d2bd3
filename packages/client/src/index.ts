export * from "./api/index.ts";
export * from "./client.ts";
export * from "./errors.ts";
export type { Logger } from "./log.ts";
export * from "./table/http-source.ts";
export * from "./table/reader.ts";
export * from "./table/source.ts";
export type { WaitOptions } from "./table/waiters.ts";
