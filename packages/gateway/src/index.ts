export type { AccessEntry, AccessLogMode } from "./access-log.ts";
export * from "./gateway.ts";
export * from "./limits.ts";
export type { Listener, ListenOptions } from "./listener.ts";
export type { Logger } from "./logger.ts";
export { type Problem, type ProblemCode, problems } from "./problem.ts";
export * from "./settings.ts";
export type { WorkloadRef } from "./upstream.ts";
export type { DrainOptions } from "./upstreams.ts";
