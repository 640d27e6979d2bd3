export * from "./decision.ts";
export * from "./delete-environment.ts";
export * from "./deploy.ts";
export {
  type DestroyIntent,
  type UncommittedWork,
  decideDestroy,
  destroyWrites,
} from "./destroy.ts";
export * from "./environment.ts";
export * from "./extend.ts";
export * from "./lookup.ts";
export { maxLifetimeSeconds } from "./names.ts";
export * from "./promote.ts";
export * from "./restart.ts";
export * from "./stable.ts";
export * from "./sync.ts";
