export type { RouteContext } from "./context.ts";
export {
  collectTrace,
  contextFrom,
  type HeaderCarrier,
  headers,
  type HeadersOptions,
} from "./headers.ts";
export { type ContextOptions, install, uninstall } from "./install.ts";
export { type LeakReason, leakReasons } from "./leak-guard.ts";
export { withRoute } from "./listener.ts";
export type { Logger } from "./logger.ts";
export { bind, current, outside, perContext, run } from "./run.ts";
